/* What becomes of the interchanges of a load of X12 or EDIFACT, and of IDocs (loaders/edi/edi_ack.h): ids are made of them, so that the
 * same one is loaded once, whatever file it comes in; and with --ack a 997 or CONTRL in a file tells the senders of interchanges.
 *
 * The file is opened before anything is loaded, so that one that cannot be written is known then, and is there when the load
 * is over, whole or not at all.
 *
 * Threads     note: any. The rest: one. */
#ifndef ATP_CLI_LOAD_ACK_H
#define ATP_CLI_LOAD_ACK_H

#include "loaders/edi/edi_ack.h"
#include "loaders/mapping/profile.h"
#include "tools/atp/cli.h"
#include "tools/atp/load/load_sender.h"

typedef struct atp_load_ack atp_load_ack_t;

/* Looks at --ack. *ret_ack is NULL where the profile reads no such format. Says what is wrong and returns the exit status. */
int atp_load_ack_open(atp_cli_t *cli, const atp_profile_t *profile, atp_load_ack_t **ret_ack);

/* What the load is to tell of its reading; NULL for NULL. */
atp_edi_ack_t *atp_load_ack_edi(atp_load_ack_t *ack);
uint64_t atp_load_ack_seed(const atp_load_ack_t *ack, uint32_t message);
void atp_load_ack_note(atp_load_ack_t *ack, const atp_load_answer_t *answer);
/* A row was told as a line of its feed, or was told before with all of its document. */
void atp_load_ack_note_line(atp_load_ack_t *ack, const atp_load_origin_t *origin, bool is_before);

/* Writes it, with --ack: the file was loaded, or refused as a whole. Nothing where the file has no interchange. Returns the exit
 * status. */
int atp_load_ack_write(atp_load_ack_t *ack, bool is_loaded);

/* The same of a file of which nothing is loaded, for an interchange of it came before and said something else then: that one is a
 * duplicate. Nothing without --ack. */
int atp_load_ack_refuse(atp_load_ack_t *ack, uint32_t interchange);

/* Without a write before it the file is as it was. NULL is allowed. */
void atp_load_ack_close(atp_load_ack_t *ack);

#endif
