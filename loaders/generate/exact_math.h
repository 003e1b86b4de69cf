/* Logarithm and exponential from + - * / and powers of two alone. The C library's own differ in the last bit from
 * machine to machine; these give the same bits wherever doubles are IEEE 754 and the compiler does not fuse
 * multiply and add (loaders/CMakeLists.txt forbids it), so that what is generated from a seed is the same file
 * everywhere. Correct to about 1e-15, relative. Pure; any thread. */
#ifndef ATP_LOADERS_EXACT_MATH_H
#define ATP_LOADERS_EXACT_MATH_H

/* The natural logarithm of x > 0. */
double atp_exact_log(double x);
/* e^x, for -700 <= x <= 700. */
double atp_exact_exp(double x);

#endif
