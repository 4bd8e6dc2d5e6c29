/* What librdkafka costs by itself: a member of a group that takes messages in the cheapest way there is and does nothing with them.
 *
 *   idle-consumer BROKERS TOPIC GROUP MESSAGES
 *
 * Partitions' queues are forwarded to one queue, from which messages are taken by callback; another thread serves the group. Times run
 * from the first message to the last, so that joining the group is not among them. One line at the end:
 *
 *   messages N bytes B wall_ns W cpu_ns C version V
 */
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static rd_kafka_queue_t *taken;
static atomic_int done;
static int64_t wanted, messages, bytes;
static int64_t first_wall, first_cpu, last_wall, last_cpu;

static int64_t nanoseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Of all threads, librdkafka's too. */
static int64_t cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
         ((int64_t)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static void take(rd_kafka_message_t *message, void *opaque) {
  (void)opaque;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  if (messages == 0) {
    first_wall = nanoseconds(CLOCK_MONOTONIC);
    first_cpu = cpu();
  }
  messages++;
  bytes += (int64_t)message->len;
  if (messages == wanted) {
    last_wall = nanoseconds(CLOCK_MONOTONIC);
    last_cpu = cpu();
  }
}

static void rebalance(rd_kafka_t *client, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *partitions, void *opaque) {
  (void)opaque;
  if (what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    rd_kafka_assign(client, NULL);
    return;
  }
  for (int place = 0; place < partitions->cnt; place++) {
    rd_kafka_topic_partition_t *partition = &partitions->elems[place];
    partition->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(client, partition->topic, partition->partition);
    rd_kafka_queue_forward(queue, taken);
    rd_kafka_queue_destroy(queue);
  }
  rd_kafka_assign(client, partitions);
}

static void *serve(void *client) {
  while (!atomic_load(&done)) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 100);
    if (message) rd_kafka_message_destroy(message);
  }
  return NULL;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char why[256];
  if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK) return;
  fprintf(stderr, "idle-consumer: %s: %s\n", name, why);
  exit(70);
}

int main(int count, char **words) {
  if (count != 5 || (wanted = atoll(words[4])) < 1) {
    fprintf(stderr, "idle-consumer BROKERS TOPIC GROUP MESSAGES\n");
    return 64;
  }
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", words[1]);
  set(conf, "group.id", words[3]);
  set(conf, "enable.auto.commit", "false");
  set(conf, "enable.auto.offset.store", "false");
  set(conf, "fetch.wait.max.ms", "50");
  /* At these a fetcher goes to sleep, for up to a second. */
  set(conf, "queued.min.messages", "1000000");
  set(conf, "queued.max.messages.kbytes", "1048576");
  rd_kafka_conf_set_rebalance_cb(conf, rebalance);
  char why[256];
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
  if (!client) {
    fprintf(stderr, "idle-consumer: %s\n", why);
    return 70;
  }
  rd_kafka_poll_set_consumer(client);
  taken = rd_kafka_queue_new(client);
  rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, words[2], RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client, topics);
  rd_kafka_topic_partition_list_destroy(topics);
  pthread_t server;
  pthread_create(&server, NULL, serve, client);
  int64_t until = nanoseconds(CLOCK_MONOTONIC) + 600000000000;
  while (messages < wanted && nanoseconds(CLOCK_MONOTONIC) < until) {
    rd_kafka_consume_callback_queue(taken, 100, take, NULL);
  }
  atomic_store(&done, 1);
  pthread_join(server, NULL);
  if (messages < wanted) {
    fprintf(stderr, "idle-consumer: only %lld messages came\n", (long long)messages);
    return 69;
  }
  printf("messages %lld bytes %lld wall_ns %lld cpu_ns %lld version %s\n", (long long)messages, (long long)bytes,
         (long long)(last_wall - first_wall), (long long)(last_cpu - first_cpu), rd_kafka_version_str());
  fflush(stdout);
  rd_kafka_consumer_close(client);
  rd_kafka_queue_destroy(taken);
  rd_kafka_destroy(client);
  return 0;
}
