/* How atpd ends, for scripts and for atpd.service, which restarts it only where that can help. */
#ifndef ATP_ATPD_EXIT_STATUS_H
#define ATP_ATPD_EXIT_STATUS_H

typedef enum atp_exit_status {
    ATP_EXIT_OK = 0,
    ATP_EXIT_FAILED = 1,    /* anything not below, e.g. the disk failed: a restart may help */
    ATP_EXIT_USAGE = 64,    /* flag or configuration wrong: fix it first */
    ATP_EXIT_CORRUPT = 65,  /* stored data is not what was written: see --check */
    ATP_EXIT_LOCKED = 73,   /* another process owns the data folder */
    ATP_EXIT_NO_MEMORY = 71 /* this machine, or its cgroup, has less than the capacity asks for */
} atp_exit_status_t;

#endif
