/* The commands of atp, each defined in the cmd_*.c of its group. */
#ifndef ATP_CLI_CMDS_H
#define ATP_CLI_CMDS_H

#include "tools/atp/cli.h"

extern const atp_cmd_t atp_cmd_avail;
extern const atp_cmd_t atp_cmd_explain;
extern const atp_cmd_t atp_cmd_supply_put;
extern const atp_cmd_t atp_cmd_supply_list;
extern const atp_cmd_t atp_cmd_supply_receive;
extern const atp_cmd_t atp_cmd_supply_cancel;
extern const atp_cmd_t atp_cmd_transfer_create;
extern const atp_cmd_t atp_cmd_transfer_ship;
extern const atp_cmd_t atp_cmd_transfer_receive;
extern const atp_cmd_t atp_cmd_transfer_cancel;
extern const atp_cmd_t atp_cmd_transfer_list;
extern const atp_cmd_t atp_cmd_schedule;
extern const atp_cmd_t atp_cmd_watch;
extern const atp_cmd_t atp_cmd_crossings;

extern const atp_cmd_t atp_cmd_promise;
extern const atp_cmd_t atp_cmd_reserve;
extern const atp_cmd_t atp_cmd_edit;
extern const atp_cmd_t atp_cmd_extend;
extern const atp_cmd_t atp_cmd_allocate;
extern const atp_cmd_t atp_cmd_release;
extern const atp_cmd_t atp_cmd_cancel;
extern const atp_cmd_t atp_cmd_ship;
extern const atp_cmd_t atp_cmd_pick;
extern const atp_cmd_t atp_cmd_pack;
extern const atp_cmd_t atp_cmd_deliver;
extern const atp_cmd_t atp_cmd_return;
extern const atp_cmd_t atp_cmd_reconcile;
extern const atp_cmd_t atp_cmd_short;
extern const atp_cmd_t atp_cmd_reassign;
extern const atp_cmd_t atp_cmd_dispose;
extern const atp_cmd_t atp_cmd_cancellable;
extern const atp_cmd_t atp_cmd_history;
extern const atp_cmd_t atp_cmd_show;
extern const atp_cmd_t atp_cmd_reservations;
extern const atp_cmd_t atp_cmd_outcome;

extern const atp_cmd_t atp_cmd_receive;
extern const atp_cmd_t atp_cmd_sale;
extern const atp_cmd_t atp_cmd_adjust;
extern const atp_cmd_t atp_cmd_count;
extern const atp_cmd_t atp_cmd_safety;
extern const atp_cmd_t atp_cmd_limit;
extern const atp_cmd_t atp_cmd_limit_list;
extern const atp_cmd_t atp_cmd_demand;

extern const atp_cmd_t atp_cmd_sku_put;
extern const atp_cmd_t atp_cmd_sku_list;
extern const atp_cmd_t atp_cmd_sku_merge;
extern const atp_cmd_t atp_cmd_node_put;
extern const atp_cmd_t atp_cmd_node_show;
extern const atp_cmd_t atp_cmd_node_list;
extern const atp_cmd_t atp_cmd_channel_put;
extern const atp_cmd_t atp_cmd_channel_list;
extern const atp_cmd_t atp_cmd_alias_put;
extern const atp_cmd_t atp_cmd_alias_drop;
extern const atp_cmd_t atp_cmd_alias_list;
extern const atp_cmd_t atp_cmd_unit_put;
extern const atp_cmd_t atp_cmd_unit_drop;
extern const atp_cmd_t atp_cmd_unit_list;
extern const atp_cmd_t atp_cmd_group_put;
extern const atp_cmd_t atp_cmd_group_drop;
extern const atp_cmd_t atp_cmd_group_list;
extern const atp_cmd_t atp_cmd_group_show;
extern const atp_cmd_t atp_cmd_rule_list;
extern const atp_cmd_t atp_cmd_quota_list;
extern const atp_cmd_t atp_cmd_kit_list;
extern const atp_cmd_t atp_cmd_kit_show;

extern const atp_cmd_t atp_cmd_source_put;
extern const atp_cmd_t atp_cmd_source_list;
extern const atp_cmd_t atp_cmd_source_show;
extern const atp_cmd_t atp_cmd_source_drop;
extern const atp_cmd_t atp_cmd_source_pause;
extern const atp_cmd_t atp_cmd_source_resume;
extern const atp_cmd_t atp_cmd_source_cut_over;
extern const atp_cmd_t atp_cmd_source_differences;

extern const atp_cmd_t atp_cmd_put;

extern const atp_cmd_t atp_cmd_publish;
extern const atp_cmd_t atp_cmd_outbox;
extern const atp_cmd_t atp_cmd_load;
extern const atp_cmd_t atp_cmd_drift;
extern const atp_cmd_t atp_cmd_export;
extern const atp_cmd_t atp_cmd_generate;

extern const atp_cmd_t atp_cmd_subscriber_put;
extern const atp_cmd_t atp_cmd_subscriber_drop;
extern const atp_cmd_t atp_cmd_subscriber_list;
extern const atp_cmd_t atp_cmd_subscriber_show;
extern const atp_cmd_t atp_cmd_postings_follow;
extern const atp_cmd_t atp_cmd_postings_ack;
extern const atp_cmd_t atp_cmd_postings_confirm;

extern const atp_cmd_t atp_cmd_exceptions;
extern const atp_cmd_t atp_cmd_exceptions_owner;
extern const atp_cmd_t atp_cmd_trace;
extern const atp_cmd_t atp_cmd_stat;
extern const atp_cmd_t atp_cmd_bench;

extern const atp_cmd_t atp_cmd_help;
extern const atp_cmd_t atp_cmd_completion;
extern const atp_cmd_t atp_cmd_version;

/* A row for a posting; with who has heard and booked it, where that is known: cmd_postings.c. */
void atp_posting_put(atp_out_t *out, const atp_posting_row_t *row, bool has_settled);

/* The account of what a channel may take of the SKUs of the command line: cmd_explain.c. */
int atp_explain_channel(atp_cli_t *cli);

/* The account in the answer to a command that explains: as rows, as a JSON array. */
void atp_explain_put_account(atp_cli_t *cli, const atp_command_t *command, const atp_result_t *result,
                             const atp_explain_room_t *account);
json_t *atp_explain_json_account(const atp_command_t *command, const atp_explain_room_t *account);

#endif
