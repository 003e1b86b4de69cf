#include "tests/model/model_channels.h"

static atp_qty_t max_of(atp_qty_t a, atp_qty_t b)
{
    return a > b ? a : b;
}

static atp_qty_t min_of(atp_qty_t a, atp_qty_t b)
{
    return a < b ? a : b;
}

/* ---- sums over reservations ---- */

static atp_qty_t promised_at(const cm_model_t *m, int sku, int node)
{
    atp_qty_t sum = 0;

    for (int i = 0; i < m->reservation_count; i++) {
        for (int k = 0; k < m->reservations[i].line_count; k++) {
            const cm_line_t *line = &m->reservations[i].lines[k];
            sum += line->sku == sku && line->node == node ? line->reserved + line->allocated : 0;
        }
    }
    return sum;
}

static bool covers(const cm_model_t *m, cm_scope_t scope, int subject, int sku)
{
    return scope == CM_ALL || (scope == CM_SKU && subject == sku) ||
           (scope == CM_TAG && m->has_tag[sku][subject]);
}

/* What a channel has of all SKUs that a rule or quota is for. */
static atp_qty_t consumed(const cm_model_t *m, int channel, cm_scope_t scope, int subject)
{
    atp_qty_t sum = 0;

    for (int i = 0; i < m->reservation_count; i++) {
        for (int k = 0; m->reservations[i].channel == channel && k < m->reservations[i].line_count; k++) {
            const cm_line_t *line = &m->reservations[i].lines[k];
            sum += covers(m, scope, subject, line->sku) ? line->reserved + line->allocated : 0;
        }
    }
    return sum;
}

void cm_expire(cm_model_t *m, int64_t now_ms)
{
    for (int i = 0; i < m->reservation_count; i++) {
        for (int k = 0; m->reservations[i].deadline_ms <= now_ms && k < m->reservations[i].line_count; k++) {
            m->reservations[i].lines[k].reserved = 0;
        }
    }
}

/* ---- quotas ---- */

typedef struct cm_asked {
    const cm_model_t *m;
    atp_qty_t stock; /* of a tag: CM_NO_LIMIT */
} cm_asked_t;

static atp_qty_t used_by(const cm_model_t *m, int quota)
{
    const cm_quota_t *q = &m->quotas[quota];
    atp_qty_t sum = 0;

    if (q->channel >= 0) {
        return consumed(m, q->channel, q->scope, q->subject);
    }
    for (int i = 0; i < CM_QUOTAS; i++) {
        sum += m->quotas[i].stands && m->quotas[i].parent == quota ? used_by(m, i) : 0;
    }
    return sum;
}

static atp_qty_t held_by(const cm_model_t *m, int quota)
{
    atp_qty_t below = 0;

    for (int i = 0; i < CM_QUOTAS; i++) {
        below += m->quotas[i].stands && m->quotas[i].parent == quota ? held_by(m, i) : 0;
    }
    return max_of(m->quotas[quota].guaranteed - used_by(m, quota), below);
}

/* What a quota claims of the limit above it, whether it uses it or not. */
static atp_qty_t claim(const cm_model_t *m, int quota, atp_qty_t above)
{
    const cm_quota_t *q = &m->quotas[quota];
    atp_qty_t own = q->share == CM_FIXED ? q->amount : q->share == CM_PERCENT ? above * q->amount / 100 : 0;

    return max_of(own, q->guaranteed);
}

static atp_qty_t claims_below(const cm_model_t *m, int quota, int except, atp_qty_t limit)
{
    atp_qty_t sum = 0;

    for (int i = 0; i < CM_QUOTAS; i++) {
        sum += m->quotas[i].stands && m->quotas[i].parent == quota && i != except ? claim(m, i, limit) : 0;
    }
    return sum;
}

static atp_qty_t limit(const cm_asked_t *asked, int quota)
{
    const cm_quota_t *q = &asked->m->quotas[quota];

    if (q->share == CM_FIXED) {
        return q->amount;
    }
    atp_qty_t above = q->parent >= 0                ? limit(asked, q->parent)
                      : asked->stock == CM_NO_LIMIT ? CM_NO_LIMIT
                                                    : asked->stock + used_by(asked->m, quota);
    if (above == CM_NO_LIMIT || q->share == CM_OPEN) {
        return above;
    }
    return q->share == CM_PERCENT ? above * q->amount / 100
                                  : max_of(0, above - claims_below(asked->m, q->parent, quota, above));
}

static bool has_children(const cm_model_t *m, int quota)
{
    for (int i = 0; i < CM_QUOTAS; i++) {
        if (m->quotas[i].stands && m->quotas[i].parent == quota) {
            return true;
        }
    }
    return false;
}

static atp_qty_t beyond(const cm_asked_t *asked, int quota, atp_qty_t above);

static atp_qty_t beyond_below(const cm_asked_t *asked, int quota, atp_qty_t own_limit)
{
    atp_qty_t sum = 0;

    for (int i = 0; i < CM_QUOTAS; i++) {
        sum += asked->m->quotas[i].stands && asked->m->quotas[i].parent == quota ? beyond(asked, i, own_limit)
                                                                                 : 0;
    }
    return sum;
}

/* What is in use beyond the claim, and so borrowed. */
static atp_qty_t beyond(const cm_asked_t *asked, int quota, atp_qty_t above)
{
    const cm_model_t *m = asked->m;

    if (!has_children(m, quota) || m->quotas[quota].share == CM_OPEN) {
        return max_of(0, used_by(m, quota) - claim(m, quota, above));
    }
    atp_qty_t own = limit(asked, quota);
    return max_of(0, beyond_below(asked, quota, own) - max_of(0, own - claims_below(m, quota, -1, own)));
}

static atp_qty_t spare(const cm_asked_t *asked, int quota)
{
    atp_qty_t own = limit(asked, quota);

    if (own == CM_NO_LIMIT) {
        return own;
    }
    atp_qty_t left =
        max_of(0, own - claims_below(asked->m, quota, -1, own) - beyond_below(asked, quota, own));
    if (asked->m->quotas[quota].borrows && asked->m->quotas[quota].parent >= 0) {
        atp_qty_t more = spare(asked, asked->m->quotas[quota].parent);
        return more == CM_NO_LIMIT ? more : left + more;
    }
    return left;
}

static atp_qty_t own_left(const cm_asked_t *asked, int quota)
{
    const cm_quota_t *q = &asked->m->quotas[quota];
    atp_qty_t most = limit(asked, quota);

    if (most == CM_NO_LIMIT) {
        return most;
    }
    atp_qty_t left = most - used_by(asked->m, quota);
    if (q->borrows && q->parent >= 0) {
        atp_qty_t more = spare(asked, q->parent);
        return more == CM_NO_LIMIT ? more : max_of(left, 0) + more;
    }
    return left;
}

/* Held by what is below `parent`, `except` apart. */
static atp_qty_t held_beside(const cm_model_t *m, int parent, int except)
{
    atp_qty_t sum = 0;

    for (int i = 0; i < CM_QUOTAS; i++) {
        sum += m->quotas[i].stands && m->quotas[i].parent == parent && i != except ? held_by(m, i) : 0;
    }
    return sum;
}

/* One tree: what it leaves the channel, and keeps from it. */
static void look_at_tree(const cm_model_t *m, int root, int channel, atp_qty_t stock, atp_qty_t taken,
                         cm_view_t *view)
{
    cm_asked_t asked = {m, stock};
    atp_qty_t kept = 0;
    int leaf = -1;

    for (int i = 0; i < CM_QUOTAS; i++) {
        const cm_quota_t *q = &m->quotas[i];
        if (q->stands && q->channel == channel && q->scope == m->quotas[root].scope &&
            q->subject == m->quotas[root].subject) {
            leaf = i;
        }
    }
    if (leaf < 0) {
        view->held += held_by(m, root);
        return;
    }
    for (int at = leaf; at >= 0; at = m->quotas[at].parent) {
        atp_qty_t left = own_left(&asked, at);
        if (left != CM_NO_LIMIT) {
            view->quota_left = min_of(view->quota_left, left - kept - taken);
        }
        if (m->quotas[at].parent >= 0) {
            kept += held_beside(m, m->quotas[at].parent, at);
        }
    }
    view->held += kept;
}

/* ---- the view ---- */

/* By order, then SKU before tag before all, then the SKU's tags as they stand, then the older rule. */
static bool comes_before(const cm_rule_t *a, const cm_rule_t *b)
{
    if (a->order != b->order) {
        return a->order < b->order;
    }
    if (a->scope != b->scope) {
        return a->scope < b->scope;
    }
    return a->subject != b->subject ? a->subject < b->subject : a->age < b->age;
}

static void look_at_rules(const cm_model_t *m, int channel, int sku, cm_view_t *view, bool *ret_is_excluded)
{
    atp_qty_t base = view->stock + view->consumed;
    const cm_rule_t *first = NULL;

    for (int i = 0; i < CM_RULES; i++) {
        const cm_rule_t *r = &m->rules[i];
        if (!r->stands || r->channel != channel || !covers(m, r->scope, r->subject, sku)) {
            continue;
        }
        *ret_is_excluded = *ret_is_excluded || r->is_excluded;
        view->threshold = max_of(view->threshold, r->threshold);
        view->cap = r->cap > 0 ? min_of(view->cap, r->cap) : view->cap;
        if (r->buffer > 0 || r->percent > 0) {
            view->buffer += r->buffer + base * r->percent / 100;
            if (first == NULL || comes_before(r, first)) {
                first = r;
            }
        }
    }
    if (m->channels[channel].is_first_match && first != NULL) {
        view->buffer = first->buffer + base * first->percent / 100;
    }
}

cm_view_t cm_view(const cm_model_t *m, int channel, int sku, const cm_taken_t *taken)
{
    const cm_channel_t *c = &m->channels[channel];
    cm_view_t view = {.quota_left = CM_NO_LIMIT, .cap = CM_NO_LIMIT};
    bool is_excluded = false;
    atp_qty_t everywhere = 0;
    atp_qty_t of_sku = 0;

    for (int node = 0; node < CM_NODES; node++) {
        atp_qty_t promised = promised_at(m, sku, node);
        atp_qty_t atp = m->on_hand[sku][node] - promised;
        everywhere += !m->is_closed[node] ? max_of(0, atp) : 0;
        if (!m->is_closed[node] && (c->group == 0 || (c->group >> node & 1))) {
            view.stock += max_of(0, atp);
            view.short_units += c->may_re_source ? min_of(promised, max_of(0, -atp)) : 0;
        }
    }
    for (int i = 0; i < taken->count; i++) {
        of_sku += taken->lines[i].sku == sku ? taken->lines[i].reserved : 0;
    }
    view.consumed = consumed(m, channel, CM_SKU, sku);
    look_at_rules(m, channel, sku, &view, &is_excluded);
    for (int i = 0; i < CM_QUOTAS; i++) {
        const cm_quota_t *q = &m->quotas[i];
        atp_qty_t of_tree = 0;
        for (int k = 0; k < taken->count; k++) {
            of_tree += covers(m, q->scope, q->subject, taken->lines[k].sku) ? taken->lines[k].reserved : 0;
        }
        if (q->stands && q->parent < 0 && covers(m, q->scope, q->subject, sku)) {
            look_at_tree(m, i, channel, q->scope == CM_SKU ? everywhere : CM_NO_LIMIT, of_tree, &view);
        }
    }
    atp_qty_t free = view.stock - view.short_units - view.held - view.buffer - view.threshold - of_sku;
    view.available = c->is_paused || is_excluded ? 0 : max_of(0, min_of(free, view.quota_left));
    return view;
}

/* ---- quantities of a line ---- */

/* Whether each rule of the channel for the SKU allows a line of so many, one by one; else what the first refusal is. */
static atp_verdict_t look_at_quantity(const cm_model_t *m, int channel, int sku, atp_qty_t qty)
{
    bool is_below = false, is_above = false, is_between = false;

    for (int i = 0; i < CM_RULES; i++) {
        const cm_rule_t *r = &m->rules[i];
        if (r->stands && r->channel == channel && covers(m, r->scope, r->subject, sku)) {
            is_below = is_below || qty < r->minimum;
            is_above = is_above || (r->maximum > 0 && qty > r->maximum);
            is_between = is_between || (r->increment > 0 && qty % r->increment != 0);
        }
    }
    return is_below     ? ATP_BELOW_MINIMUM
           : is_above   ? ATP_ABOVE_MAXIMUM
           : is_between ? ATP_NOT_IN_INCREMENTS
                        : ATP_APPLIED;
}

/* The most of `granted` that the rules allow. */
static atp_qty_t round_down(const cm_model_t *m, int channel, int sku, atp_qty_t granted)
{
    while (granted > 0 && look_at_quantity(m, channel, sku, granted) != ATP_APPLIED) {
        granted--;
    }
    return granted;
}

bool cm_allows_any(const cm_rule_t *rule)
{
    atp_qty_t qty = rule->minimum > 0 ? rule->minimum : 1;

    while (rule->increment > 0 && qty % rule->increment != 0) {
        qty++;
    }
    return rule->maximum == 0 || qty <= rule->maximum;
}

/* ---- reserving ---- */

/* One line after what `taken` has. */
static atp_verdict_t decide(const cm_model_t *m, int channel, bool is_partial, const cm_line_t *wanted,
                            const cm_taken_t *taken, atp_qty_t *ret_granted)
{
    atp_verdict_t verdict = look_at_quantity(m, channel, wanted->sku, wanted->reserved);
    cm_view_t view = cm_view(m, channel, wanted->sku, taken);
    int group = m->channels[channel].group;
    atp_qty_t of_sku = 0;
    atp_qty_t free = m->on_hand[wanted->sku][wanted->node] - promised_at(m, wanted->sku, wanted->node);

    for (int i = 0; i < taken->count; i++) {
        bool is_same = taken->lines[i].sku == wanted->sku;
        of_sku += is_same ? taken->lines[i].reserved : 0;
        free -= is_same && taken->lines[i].node == wanted->node ? taken->lines[i].reserved : 0;
    }
    atp_qty_t cap = view.cap == CM_NO_LIMIT ? CM_NO_LIMIT : max_of(0, view.cap - of_sku);
    free = group == 0 || (group >> wanted->node & 1) ? min_of(max_of(0, free), view.available) : 0;
    *ret_granted = min_of(wanted->reserved, is_partial ? min_of(free, cap) : free);
    *ret_granted = round_down(m, channel, wanted->sku, *ret_granted);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (is_partial && cap == 0) {
        return ATP_APPLIED; /* nothing is even looked for */
    }
    if (m->is_closed[wanted->node]) {
        return ATP_NODE_NOT_OPEN;
    }
    if (!is_partial && *ret_granted < wanted->reserved) {
        return ATP_NOT_ENOUGH_AVAILABLE;
    }
    return !is_partial && wanted->reserved > cap ? ATP_ABOVE_CAP : ATP_APPLIED;
}

atp_verdict_t cm_reserve(cm_model_t *m, int channel, bool is_partial, int line_count, const cm_line_t *wanted,
                         int64_t deadline_ms, atp_qty_t *ret_granted)
{
    cm_taken_t taken = {0};
    atp_qty_t sum = 0;
    atp_qty_t asked = 0;

    if (m->channels[channel].is_paused) {
        return ATP_CHANNEL_NOT_OPEN;
    }
    for (int i = 0; i < line_count; i++) {
        atp_verdict_t verdict = decide(m, channel, is_partial, &wanted[i], &taken, &ret_granted[i]);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        taken.lines[taken.count] = wanted[i];
        taken.lines[taken.count++].reserved = ret_granted[i];
        sum += ret_granted[i];
        asked += wanted[i].reserved;
    }
    if (sum == 0) {
        return ATP_NOT_ENOUGH_AVAILABLE;
    }
    cm_reservation_t *r = &m->reservations[m->reservation_count++];
    *r = (cm_reservation_t){.channel = channel, .deadline_ms = deadline_ms, .line_count = line_count};
    for (int i = 0; i < line_count; i++) {
        r->lines[i] = taken.lines[i];
    }
    return sum == asked ? ATP_APPLIED : ATP_APPLIED_IN_PART;
}

/* ---- quotas: what may stand ---- */

static int level(const cm_model_t *m, int quota)
{
    return quota < 0 ? 0 : 1 + level(m, m->quotas[quota].parent);
}

static bool is_taken(const cm_model_t *m, const cm_quota_t *wanted)
{
    for (int i = 0; i < CM_QUOTAS; i++) {
        const cm_quota_t *q = &m->quotas[i];
        bool is_same_tree = q->stands && q->scope == wanted->scope && q->subject == wanted->subject;
        if (is_same_tree && ((wanted->parent < 0 && q->parent < 0) ||
                             (wanted->channel >= 0 && q->channel == wanted->channel))) {
            return true;
        }
    }
    return false;
}

static bool is_any_tagged(const cm_model_t *m, int tag)
{
    for (int sku = 0; sku < CM_SKUS; sku++) {
        if (m->has_tag[sku][tag]) {
            return true;
        }
    }
    return false;
}

atp_verdict_t cm_put_quota(cm_model_t *m, int id, const cm_quota_t *told)
{
    cm_quota_t wanted = *told;
    bool is_root = wanted.parent < 0;
    cm_quota_t *q = &m->quotas[id];

    if (!is_root) {
        const cm_quota_t *parent = &m->quotas[wanted.parent];
        if (!parent->stands) {
            return ATP_UNKNOWN_RULE;
        }
        if (parent->channel >= 0) {
            return ATP_RULE_INVALID;
        }
        wanted.scope = parent->scope;
        wanted.subject = parent->subject;
    }
    if ((is_root && (wanted.share == CM_REMAINDER || wanted.borrows)) ||
        (is_root && wanted.share == CM_PERCENT && wanted.scope == CM_TAG)) {
        return ATP_RULE_INVALID;
    }
    if (q->stands) {
        bool is_same = q->parent == wanted.parent && q->scope == wanted.scope &&
                       q->subject == wanted.subject && q->channel == wanted.channel;
        if (!is_same) {
            return ATP_RULE_INVALID;
        }
    } else if (is_taken(m, &wanted) || level(m, wanted.parent) == 4 ||
               (is_root && wanted.scope == CM_TAG && !is_any_tagged(m, wanted.subject))) {
        return ATP_RULE_INVALID;
    }
    *q = wanted;
    q->stands = true;
    return ATP_APPLIED;
}

atp_verdict_t cm_drop_quota(cm_model_t *m, int id)
{
    if (!m->quotas[id].stands) {
        return ATP_UNKNOWN_RULE;
    }
    if (has_children(m, id)) {
        return ATP_RULE_IN_USE;
    }
    m->quotas[id].stands = false;
    return ATP_APPLIED;
}

/* ---- levels ---- */

int cm_level(const cm_model_t *m, int channel, int sku, int before)
{
    const cm_taken_t nothing = {0};
    atp_qty_t left = cm_view(m, channel, sku, &nothing).available;
    atp_qty_t low = 0;
    atp_qty_t clear = 0;
    bool says_something = false;

    for (int i = 0; i < CM_RULES; i++) {
        const cm_rule_t *rule = &m->rules[i];
        if (!rule->stands || rule->channel != channel || !covers(m, rule->scope, rule->subject, sku)) {
            continue;
        }
        says_something = says_something || rule->low > 0 || rule->threshold > 0;
        low = max_of(low, rule->low);
        clear = rule->low > 0 ? max_of(clear, max_of(rule->low_clear, rule->low + 1)) : clear;
    }
    if (!says_something) {
        return 0;
    }
    if (left == 0) {
        return 3;
    }
    return left <= low || (before >= 2 && left < clear) ? 2 : 1;
}
