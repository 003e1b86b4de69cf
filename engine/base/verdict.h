/* What the engine says to a request: the whole list, in the order in which the checks are made.
 *
 * The numbers are on the wire and in the journal and are frozen: a verdict is added, never renumbered or
 * reused. A request that would earn several gets the first of this list. Only `applied`, `applied_in_part`,
 * `applied_beyond` and `confirmed` change or confirm anything; all others leave every quantity as it was. */
#ifndef ATP_BASE_VERDICT_H
#define ATP_BASE_VERDICT_H

#include <stdbool.h>

/* X(number, NAME, name on the wire and in metrics, what a person should know) */
#define ATP_VERDICTS(X)                                                                                      \
    X(0, APPLIED, "applied", "done as asked")                                                                \
    X(1, APPLIED_IN_PART, "applied_in_part", "done for less than asked; the shortfall is in the answer")     \
    X(2, CONFIRMED, "confirmed", "already so: nothing had to change")                                        \
    X(3, DUPLICATE_IGNORED, "duplicate_ignored", "this source and sequence number was applied before")       \
                                                                                                             \
    X(4, APPLIED_BEYOND, "applied_beyond", "done; more came than was expected: an exception says how much")  \
    X(10, MALFORMED, "malformed", "the message or field does not have the stated form")                      \
    X(11, UNSUPPORTED_VERSION, "unsupported_version", "this engine does not speak that protocol version")    \
    X(12, UNKNOWN_KIND, "unknown_kind", "no such message or operation kind")                                 \
    X(13, MESSAGE_TOO_LARGE, "message_too_large", "more bytes than a message may have")                      \
    X(14, TOO_MANY_OPS, "too_many_ops", "more operations or lines than a message may carry")                 \
    X(15, UNAUTHORISED, "unauthorised", "the token does not allow this")                                     \
    X(16, BUSY, "busy", "queues are full; nothing was done; try again after the hint")                       \
    X(17, UNAVAILABLE, "unavailable", "the engine cannot make this durable now; nothing was done")           \
    X(18, OUT_OF_ORDER, "out_of_order",                                                                      \
      "batches of the source before this one are missing; nothing was done; send it again after them")       \
                                                                                                             \
    X(20, ID_MISSING, "id_missing", "the operation needs an id of its own")                                  \
    X(21, ID_INVALID, "id_invalid", "an id is 1 to 64 bytes of UTF-8 without control characters")            \
    X(22, TEXT_INVALID, "text_invalid", "a name is at most 255 bytes of UTF-8 without control characters")   \
    X(23, ISSUED_BEFORE_FLOOR, "issued_before_floor", "too old: its outcome may have been forgotten")        \
    X(24, ISSUED_IN_FUTURE, "issued_in_future", "the issue time is ahead of the engine's clock")             \
    X(25, CONFLICT, "conflict", "this id was used before with other content; the field is named")            \
    X(26, TOO_MANY_IDS, "too_many_ids", "this client has as many remembered ids as it may")                  \
                                                                                                             \
    X(27, UNKNOWN_OWNER, "unknown_owner", "nobody of that name settles exceptions")                          \
                                                                                                             \
    X(30, QTY_MALFORMED, "qty_malformed", "not an exact decimal number")                                     \
    X(31, QTY_MUST_BE_POSITIVE, "qty_must_be_positive", "the quantity must be above zero")                   \
    X(32, QTY_MUST_NOT_BE_NEGATIVE, "qty_must_not_be_negative", "the quantity must be zero or more")         \
    X(33, QTY_OUT_OF_RANGE, "qty_out_of_range", "a quantity or balance would pass 10^14 smallest units")     \
    X(34, QTY_TOO_PRECISE, "qty_too_precise", "more decimals than the scale of the SKU")                     \
    X(35, TTL_OUT_OF_RANGE, "ttl_out_of_range", "the time to live is not within the configured range")       \
    X(36, SCALE_OUT_OF_RANGE, "scale_out_of_range", "a scale is 0 to 6 decimals")                            \
    X(37, LINES_MISSING, "lines_missing", "at least one line is needed")                                     \
    X(38, TOO_MANY_LINES, "too_many_lines", "more lines than one reservation may have")                      \
    X(39, OPTION_UNKNOWN, "option_unknown", "a mode, state, bucket or reason that does not exist")           \
    X(40, SEQUENCE_INVALID, "sequence_invalid", "source, epoch and sequence number are needed, from 1 up")   \
    X(41, TOO_MANY_ATTRIBUTES, "too_many_attributes", "more attributes than one operation may have")         \
    X(42, ATTRIBUTE_NOT_TAKEN, "attribute_not_taken",                                                        \
      "this operation does not take that key there, or once only")                                           \
    X(43, ATTRIBUTE_OUT_OF_RANGE, "attribute_out_of_range", "a value is not of its key's type or range")     \
    X(44, ATTRIBUTE_MISSING, "attribute_missing", "the operation needs a key that it does not have")         \
    X(45, BELOW_MINIMUM, "below_minimum", "less than the least quantity of a line")                          \
    X(46, NOT_IN_INCREMENTS, "not_in_increments", "not a whole multiple of what such a line goes in")        \
    X(47, KIT_TOO_LARGE, "kit_too_large", "kits nest at most 8 deep, with at most 512 components in all")    \
                                                                                                             \
    X(50, UNKNOWN_SKU, "unknown_sku", "no such SKU")                                                         \
    X(51, UNKNOWN_NODE, "unknown_node", "no such node")                                                      \
    X(52, UNKNOWN_CHANNEL, "unknown_channel", "no such channel")                                             \
    X(53, UNKNOWN_RESERVATION, "unknown_reservation", "no such reservation")                                 \
    X(54, UNKNOWN_LINE, "unknown_line", "the reservation has no such line")                                  \
    X(55, UNKNOWN_ID, "unknown_id", "no outcome is remembered under this id")                                \
    X(56, UNKNOWN_GROUP, "unknown_group", "no such group of nodes")                                          \
    X(57, CHANNEL_NOT_OPEN, "channel_not_open", "the channel is paused: it promises nothing now")            \
    X(58, KIT_CYCLE, "kit_cycle", "a kit cannot be part of itself")                                          \
                                                                                                             \
    X(59, UNKNOWN_SUPPLY, "unknown_supply", "no such supply or transfer")                                    \
    X(60, SCALE_IN_USE, "scale_in_use", "the scale cannot change while stock or reservations are there")     \
    X(7, SKU_IN_USE, "sku_in_use",                                                                           \
      "a kit, or a rule, quota or cap of its own, names the SKU, or a unit is not the same of both: "        \
      "it cannot become another one")                                                                        \
    X(8, MERGE_TOO_LARGE, "merge_too_large",                                                                 \
      "more is there than one op merges, or somebody is being served there now; nothing was done")           \
    X(61, NODE_NOT_OPEN, "node_not_open", "the node promises nothing now")                                   \
    X(62, NOT_ENOUGH_AVAILABLE, "not_enough_available", "less can be promised than was asked for")           \
    X(63, ABOVE_MAXIMUM, "above_maximum", "more than the greatest quantity of a line")                       \
    X(64, NOT_FOR_SALE, "not_for_sale", "the position is not for sale now")                                  \
    X(65, SPLIT_NOT_ALLOWED, "split_not_allowed",                                                            \
      "there is enough, but not at as few nodes as may serve it")                                            \
    X(66, ARCHIVED, "archived", "the reservation is archived: only returns are booked against it")           \
                                                                                                             \
    X(67, UNKNOWN_RULE, "unknown_rule", "no such rule, quota or parent")                                     \
    X(68, RULE_INVALID, "rule_invalid", "the rule or quota contradicts itself or its tree")                  \
    X(69, RULE_IN_USE, "rule_in_use", "other quotas are below it: drop those first")                         \
    X(70, ALREADY_ALLOCATED, "already_allocated", "the units are allocated already")                         \
    X(71, ALREADY_SHIPPED, "already_shipped", "the units have left")                                         \
    X(72, ALREADY_RELEASED, "already_released", "the reservation was released")                              \
    X(73, ALREADY_CANCELLED, "already_cancelled", "the allocation was cancelled")                            \
    X(74, ALREADY_EXPIRED, "already_expired", "the reservation expired; it is never revived")                \
    X(75, NOT_ALLOCATED, "not_allocated", "the units are reserved but not allocated")                        \
    X(76, NOT_THAT_MANY, "not_that_many", "the line has fewer units in that state")                          \
    X(77, NOT_SHIPPED, "not_shipped", "the units have not left yet")                                         \
    X(78, VERSION_DIFFERS, "version_differs", "the reservation was changed by another edit meanwhile")       \
                                                                                                             \
    X(79, ABOVE_CAP, "above_cap", "more than one reservation of this channel may take of the SKU")           \
    X(80, ALREADY_PICKED, "already_picked", "the units are picked")                                          \
    X(81, ALREADY_PACKED, "already_packed", "the units are packed")                                          \
    X(82, ALREADY_DELIVERED, "already_delivered", "the units have arrived")                                  \
    X(83, ALREADY_RETURNED, "already_returned", "the units have come back")                                  \
    X(84, ALREADY_RECONCILED, "already_reconciled", "the units are confirmed by the ERP")                    \
    X(85, SUPPLY_ENDED, "supply_ended", "the supply was received, closed or cancelled")                      \
    X(86, SUPPLY_ELSEWHERE, "supply_elsewhere", "the supply is of another SKU, node or kind")                \
    X(87, NODE_AT_CAPACITY, "node_at_capacity", "the node cannot make more ready on that day")               \
    X(88, NOT_READY_IN_TIME, "not_ready_in_time", "nothing ordered now is ready at the node by then")        \
    X(89, TIME_ZONE_INVALID, "time_zone_invalid",                                                            \
      "not a rule of a time zone, as CET-1CEST,M3.5.0,M10.5.0/3")                                            \
    X(90, SKUS_FULL, "skus_full", "the configured number of SKUs is reached")                                \
    X(91, NODES_FULL, "nodes_full", "the configured number of nodes is reached")                             \
    X(92, CHANNELS_FULL, "channels_full", "the configured number of channels is reached")                    \
    X(93, CLIENTS_FULL, "clients_full", "the configured number of clients is reached")                       \
    X(94, SOURCES_FULL, "sources_full", "the configured number of sources is reached")                       \
    X(95, POSITIONS_FULL, "positions_full", "the configured number of positions is reached")                 \
    X(96, RESERVATIONS_FULL, "reservations_full", "as many live reservations as configured")                 \
    X(97, STRINGS_FULL, "strings_full", "the configured room for ids and names is used up")                  \
    X(98, GROUPS_FULL, "groups_full", "the configured number of groups, or of nodes in groups, is reached")  \
    X(99, LIMITS_FULL, "limits_full", "the configured number of limits is reached")                          \
    X(100, PROGRESS_FULL, "progress_full", "as many lines past plain ones as configured")                    \
    X(101, ALREADY_SHORT, "already_short", "the node could not fulfil the units")                            \
    X(102, ACCOUNTS_FULL, "accounts_full", "as many channels by SKU are counted as configured")              \
    X(103, TAGS_FULL, "tags_full", "the configured number of tags, or of tags of one SKU, is reached")       \
    X(104, RULES_FULL, "rules_full",                                                                         \
      "the configured number of rules, or of rules of one target, is reached")                               \
    X(105, QUOTAS_FULL, "quotas_full",                                                                       \
      "the configured number of quotas, or of parts of one quota, is reached")                               \
    X(106, KITS_FULL, "kits_full", "the configured number of kits is reached")                               \
    X(107, COMPONENTS_FULL, "components_full", "the configured number of kit components is reached")         \
    X(108, SUPPLIES_FULL, "supplies_full", "as many open supplies as configured")                            \
    X(109, PEGS_FULL, "pegs_full", "as many promises from supplies as configured, or from too many of them") \
    X(110, POSTINGS_FULL, "postings_full",                                                                   \
      "a subscriber that postings wait for has too many to hear; nothing was done; try again later")         \
    X(111, BOOKINGS_FULL, "bookings_full", "as many bookings of capacity as configured")                     \
    X(112, AUTHORITY_TAKEN, "authority_taken",                                                               \
      "another source claims the same there, and not both share it")                                         \
    X(113, SOURCE_PAUSED, "source_paused", "the source is paused; nothing was done; send it again later")    \
    X(114, OUTSIDE_AUTHORITY, "outside_authority", "the source does not claim what the fact tells")          \
    X(115, ALIAS_CONFLICT, "alias_conflict", "the name means something else already: an id, or an alias")    \
    X(116, UNIT_UNKNOWN, "unit_unknown", "nothing says what the teller's unit is of the SKU")                \
    X(117, PARKED, "parked", "kept: it is applied by itself when the SKU or node that it names is there")    \
    X(118, SUBSCRIBERS_FULL, "subscribers_full", "there are as many subscribers as there may be")            \
    X(119, UNKNOWN_EXCEPTION, "unknown_exception", "no such exception, or it had to make room")              \
    X(125, UNKNOWN_POSTING, "unknown_posting",                                                               \
      "no such posting, it is not for that subscriber, or it had to make room")                              \
    X(126, UNKNOWN_SUBSCRIBER, "unknown_subscriber", "no such subscriber")                                   \
    X(120, ALREADY_SETTLED, "already_settled", "the exception was replayed or discarded before")             \
    X(121, NO_FACT_KEPT, "no_fact_kept", "the exception keeps no fact that could be replayed")               \
    X(122, UNKNOWN_FEED, "unknown_feed", "no such feed, or newer ones have taken its place")                 \
    X(123, FEED_UNDECIDED, "feed_undecided",                                                                 \
      "nobody can tell whether the count includes what moved there; nothing was done")                       \
    X(124, FEED_STALE, "feed_stale", "a feed of a later point has counted the position")                     \
    X(127, UNKNOWN_SOURCE, "unknown_source", "no such source is registered")

typedef enum atp_verdict {
#define ATP_VERDICT_ENUM(number, NAME, name, sentence) ATP_##NAME = number,
    ATP_VERDICTS(ATP_VERDICT_ENUM)
#undef ATP_VERDICT_ENUM
        ATP_VERDICT_LIMIT = 128 /* every verdict is below */
} atp_verdict_t;

/* The stable lower-case name, or NULL for a number that is no verdict. Thread: any. */
const char *atp_verdict_name(unsigned verdict);

/* What a person should know, or NULL for a number that is no verdict. Thread: any. */
const char *atp_verdict_sentence(unsigned verdict);

/* True if the request was done or confirmed, false if it was refused. */
static inline bool atp_verdict_is_success(atp_verdict_t verdict)
{
    return verdict <= ATP_APPLIED_BEYOND;
}

#endif
