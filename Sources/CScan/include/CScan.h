#pragma once
// Follows a text through a tree of layouts by the processor's widest vectors, which Swift cannot name.
#include <stdint.h>

/// How the slot behind a literal ends.
enum { CSCAN_STRING = 0, CSCAN_BARE = 1, CSCAN_END = 2 };

/// A literal that must stand in the text to the byte, and the slot behind it.
typedef struct {
  /// Where the literal stands in the tree's text.
  int32_t literal;
  int32_t length;
  int32_t ending;
  /// What the text is if it ends here.
  int32_t shape;
  /// Index of the first node behind the slot, and of the one that is tried instead of this; -1 for none.
  int32_t first_follower;
  int32_t next;
} cscan_node;

/// Where in the text a slot's value stands; a string's without its quotes.
typedef struct {
  int32_t start;
  int32_t length;
} cscan_slot;

/// Both buffers can be read so many bytes past what is asked about.
enum { CSCAN_READ_AHEAD = 32 };

/// The shape of `bytes[start..<end]`, -1 when no path through the tree takes it; its slots are then written in the order of the path.
/// A slot is a string of printable ASCII without quote and backslash, or a number, `true`, `false` or `null` to the letter of JSON.
/// There is at least one node, no path has more slots than there is room for, and `start <= end < 2^31`.
int32_t cscan_match(const cscan_node *nodes, const uint8_t *literals, const uint8_t *bytes, int64_t start, int64_t end, cscan_slot *slots);

/// The same without the processor's particular vectors; where there are none, `cscan_match` is this one.
int32_t cscan_match_plainly(const cscan_node *nodes, const uint8_t *literals, const uint8_t *bytes, int64_t start, int64_t end, cscan_slot *slots);
