/* How many of a kit can be sold: those stocked as such, and those that can be put together.
 *
 *     shown = shown of the kit's own position + whole kits that the components there make
 *     promisable = the same, and kits of its own that may be promised beyond stock
 *     at a node with a calendar: of those on the shelf as many as it can make ready of an order placed now, then as many as can be
 *     put together of what it can make ready besides, then those beyond stock
 *     of a kit over all nodes: the sum of shown over the nodes. What lies at two nodes makes no kit.
 *
 * For a channel each component gives no more than its view leaves (the limit of the part), and a kit in the kit is had no more often than
 * its view leaves (the bound of the part): at one node, or over all of them together. What the view of the kit itself leaves, of
 * all that come off shelves and are put together, is taken off what was read at last (atp_availability_within_kit_rules).
 *
 * The kits are counted by atp_bill_give (engine/ledger/kits/bill.h), as reserve counts them. A node that is not open makes none.
 *
 * Threads     any, without a lock. Recipe and positions are of one op only if the stamp of the ledger held: the caller of
 *             these looks, and reads again. */
#ifndef ATP_QUERY_KITS_H
#define ATP_QUERY_KITS_H

#include "engine/ledger/kits/bill.h"
#include "query/availability.h"

/* True if the SKU has, or had, a recipe: its availability is to be read here. */
bool atp_availability_is_kit(const atp_ledger_t *ledger, uint32_t sku);

/* Lays the kit out as of `now_ms`, for any number of nodes. */
void atp_availability_lay_out(const atp_ledger_t *ledger, uint32_t sku, int64_t now_ms, atp_bill_t *ret_bill);

/* Told of each component position that counts something that has expired: it is to be settled, and the kit read again. */
typedef void (*atp_availability_due_fn)(void *context, uint32_t sku, uint16_t node);

/* The kit at one node. The components (on_hand, reserved, ...) are those of its own position. `due` is called for its
 * components, not for itself. */
void atp_availability_read_kit(const atp_ledger_t *ledger, atp_bill_t *bill, uint16_t node, int64_t now_ms,
                               atp_availability_due_fn due, void *context,
                               atp_availability_t *ret_availability);

/* Who looks at a kit through a channel. */
typedef struct atp_kit_look {
    const atp_ledger_t *ledger;
    uint16_t channel;
    uint16_t group; /* whose nodes it sees; ATP_NO_GROUP: all */
    int64_t now_ms;
    /* Reads the view of the channel on a SKU; `taken` as atp_channel_view_read takes it. */
    void (*read_view)(void *context, uint32_t sku, const atp_channel_taken_t *taken,
                      atp_channel_view_t *ret_view);
    atp_availability_due_fn due;
    void *context;
} atp_kit_look_t;

/* Lays what the channel may have of each part into the bill, and reads its view of the kit: of all of them, those that can be put
 * together among them. False: no rule has a say in the kit itself, the view is not read. */
bool atp_availability_limit_kit(const atp_kit_look_t *look, atp_bill_t *bill, atp_channel_view_t *ret_view);

/* Of what was read, `here` of them off shelves (the taken of part 0, over the nodes), as many as caps of what may wait, and the
 * channel's view of the kit, leave. `view` NULL: none has a say. */
void atp_availability_within_kit_rules(const atp_ledger_t *ledger, const atp_bill_t *bill, uint16_t channel,
                                       const atp_channel_view_t *view, atp_qty_t here,
                                       atp_availability_t *availability);

/* The level of the channel on the kit, as it was told last; none where no rule says one. */
uint8_t atp_availability_kit_level(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku);

/* Told of a kit, by its SKU. */
typedef void (*atp_availability_kit_fn)(void *context, uint32_t sku);

/* Tells of every kit that has the SKU in it, at any depth; of one that has it in more than one way more than once. False:
 * recipes were replaced meanwhile, what was told may be wrong and is not all. Needs no stamp. */
bool atp_availability_kits_above(const atp_ledger_t *ledger, uint32_t sku, atp_availability_kit_fn tell,
                                 void *context);

#endif
