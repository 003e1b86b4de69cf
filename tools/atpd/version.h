/* The version of atpd, atp and libatp; CMake gives it. */
#ifndef ATP_ATPD_VERSION_H
#define ATP_ATPD_VERSION_H

#ifndef ATP_VERSION
#define ATP_VERSION "0.1.0"
#endif

#endif
