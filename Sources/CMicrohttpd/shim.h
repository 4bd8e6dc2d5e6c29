#pragma once
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

// What Swift cannot call: variadic functions, and a logger that takes a va_list.

typedef void (*cmicrohttpd_line_callback)(void *context, const char *line);
typedef void *(*cmicrohttpd_begin_callback)(void *context, const char *target, struct MHD_Connection *connection);

// Must stay where it is until the daemon has stopped: its logger reads it.
struct cmicrohttpd_settings {
  void *context;  // handed to every callback
  cmicrohttpd_line_callback line;
  cmicrohttpd_begin_callback begin;
  MHD_AccessHandlerCallback answer;
  MHD_RequestCompletedCallback complete;
  MHD_NotifyConnectionCallback connection;
  int listen_socket;
  unsigned int connections_max;
  size_t connection_bytes_max;
  unsigned int idle_seconds_max;
  char *tls_cert;  // PEM text; NULL without TLS
  char *tls_key;
};

static inline void cmicrohttpd_log(void *settings, const char *format, va_list arguments) {
  const struct cmicrohttpd_settings *s = (const struct cmicrohttpd_settings *)settings;
  char line[512];
  if (vsnprintf(line, sizeof line, format, arguments) >= 0) s->line(s->context, line);
}

// Percent-encoding is left as it came: decoded in place, a %00 would cut the text short.
static inline size_t cmicrohttpd_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  return strlen(text);
}

// The logger comes first so that complaints about the other options reach it.
static inline struct MHD_Daemon *cmicrohttpd_start(struct cmicrohttpd_settings *s) {
  struct MHD_OptionItem tls[] = {
      {MHD_OPTION_HTTPS_MEM_CERT, 0, s->tls_cert},
      {MHD_OPTION_HTTPS_MEM_KEY, 0, s->tls_key},
      {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
      {MHD_OPTION_END, 0, NULL}};
  struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
  unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
  if (s->tls_cert) flags |= MHD_USE_TLS;
  return MHD_start_daemon(
      flags, 0, NULL, NULL, s->answer, s->context,
      MHD_OPTION_EXTERNAL_LOGGER, cmicrohttpd_log, s,
      MHD_OPTION_LISTEN_SOCKET, s->listen_socket,
      MHD_OPTION_CONNECTION_LIMIT, s->connections_max,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->connection_bytes_max,
      MHD_OPTION_CONNECTION_TIMEOUT, s->idle_seconds_max,
      MHD_OPTION_STRICT_FOR_CLIENT, 1,
      MHD_OPTION_URI_LOG_CALLBACK, s->begin, s->context,
      MHD_OPTION_UNESCAPE_CALLBACK, cmicrohttpd_keep_escapes, NULL,
      MHD_OPTION_NOTIFY_COMPLETED, s->complete, s->context,
      MHD_OPTION_NOTIFY_CONNECTION, s->connection, s->context,
      MHD_OPTION_ARRAY, s->tls_cert ? tls : plain,
      MHD_OPTION_END);
}

static inline int cmicrohttpd_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? info->connect_fd : -1;
}
