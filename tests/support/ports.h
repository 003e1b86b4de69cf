/* TCP ports for servers that a test starts; tests/support/ports.py is the same for scripts, and keeps clear of this.
 *
 * A port that the kernel picks (bind to 0) may be taken again before the server binds it: as the near end of any
 * connection, also of a client's that dials the server while it is down. So ports come from below the kernel's own range,
 * and each is claimed by a name that lives as long as this process.
 *
 * A test process has one thread when it asks. A failure in here fails the test that runs. */
#ifndef ATP_TESTS_SUPPORT_PORTS_H
#define ATP_TESTS_SUPPORT_PORTS_H

/* A port of 127.0.0.1 that nobody has now and no other test will be given. */
unsigned free_port(void);

#endif
