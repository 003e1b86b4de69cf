#include "tools/atp/cmds.h"

const atp_cmd_t *const atp_cmds[] = {
    &atp_cmd_avail,       &atp_cmd_explain,      &atp_cmd_promise, &atp_cmd_schedule,      &atp_cmd_watch,

    &atp_cmd_reserve,     &atp_cmd_edit,    &atp_cmd_extend,       &atp_cmd_allocate, &atp_cmd_release,
    &atp_cmd_cancel,      &atp_cmd_ship,         &atp_cmd_pick,         &atp_cmd_pack,     &atp_cmd_deliver,
    &atp_cmd_return,      &atp_cmd_reconcile,    &atp_cmd_short,    &atp_cmd_cancellable,
    &atp_cmd_history,     &atp_cmd_show,     &atp_cmd_reservations,
    &atp_cmd_outcome,

    &atp_cmd_receive,     &atp_cmd_sale,         &atp_cmd_adjust,   &atp_cmd_count,
    &atp_cmd_dispose,     &atp_cmd_safety,   &atp_cmd_limit, &atp_cmd_demand,

    &atp_cmd_supply_put, &atp_cmd_supply_list, &atp_cmd_supply_receive, &atp_cmd_supply_cancel,
    &atp_cmd_transfer_create, &atp_cmd_transfer_list, &atp_cmd_transfer_ship, &atp_cmd_transfer_receive,
    &atp_cmd_transfer_cancel,

    &atp_cmd_sku_put,     &atp_cmd_sku_list,     &atp_cmd_node_put, &atp_cmd_node_show,    &atp_cmd_node_list,
    &atp_cmd_channel_put, &atp_cmd_channel_list, &atp_cmd_rule_list,    &atp_cmd_quota_list,
    &atp_cmd_kit_list,    &atp_cmd_kit_show,

    &atp_cmd_put,

    &atp_cmd_load,        &atp_cmd_export,       &atp_cmd_generate,

    &atp_cmd_exceptions,  &atp_cmd_stat,         &atp_cmd_bench,

    &atp_cmd_help,        &atp_cmd_completion,   &atp_cmd_version,  NULL,
};
