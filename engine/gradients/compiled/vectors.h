/* Vectors of a CPU's own width and the functions of a number that formulas speak of.
 *
 * Included once for each kind of number: REAL is float or double, INTEGER an integer as wide, NAME
 * tells the two apart. Nothing here assumes that a number is finite: what overflows is infinite, a
 * NaN stays one, as in PyTorch.
 */

typedef REAL NAME(vector) __attribute__((vector_size(WIDTH), aligned(WIDTH)));
typedef INTEGER NAME(mask) __attribute__((vector_size(WIDTH)));
#define vector NAME(vector)
#define mask NAME(mask)
#define LANES (WIDTH / SIZE)

/* A vector wherever it lies: parameters are dense, a member's begin anywhere. */
INLINE vector NAME(load)(const REAL *from) { vector a; memcpy(&a, from, WIDTH); return a; }
INLINE void NAME(store)(REAL *to, vector a) { memcpy(to, &a, WIDTH); }
/* Some of a vector's numbers, the others 0: nothing beyond them is touched. */
#if WIDTH == 64
INLINE vector NAME(load_some)(const REAL *from, int64_t count) {
    return AVX512(maskz_loadu)((1u << count) - 1, from);
}
INLINE void NAME(store_some)(REAL *to, vector a, int64_t count) {
    AVX512(mask_storeu)(to, (1u << count) - 1, a);
}
#else
INLINE vector NAME(load_some)(const REAL *from, int64_t count) {
    vector a = {0};
    memcpy(&a, from, count * SIZE);
    return a;
}
INLINE void NAME(store_some)(REAL *to, vector a, int64_t count) { memcpy(to, &a, count * SIZE); }
#endif

INLINE vector NAME(all)(REAL number) { return number - (vector){0}; }
/* a b + c, rounded once where the CPU can. It is asked for by name: a compiler that may fuse does so
 * in one tile of a product and not in another, and who computes what would change bits. */
INLINE vector NAME(fused)(vector a, vector b, vector c) {
#if WIDTH == 64
    return AVX512(fmadd)(a, b, c);
#elif defined(__FMA__)
    return AVX2(fmadd)(a, b, c);
#elif defined(__ARM_NEON)
    return NEON(vfmaq)(c, a, b);
#else
    return a * b + c;
#endif
}
INLINE vector NAME(where)(mask condition, vector a, vector b) {
    return (vector)((condition & (mask)a) | (~condition & (mask)b));
}
INLINE vector NAME(abs)(vector a) { return (vector)((mask)a & ~(mask)NAME(all)(-(REAL)0.0)); }
/* The other number where one is NaN would be a finite answer to no question: NaN it is. */
INLINE vector NAME(maximum)(vector a, vector b) { return NAME(where)((a > b) | (a != a), a, b); }
INLINE vector NAME(minimum)(vector a, vector b) { return NAME(where)((a < b) | (a != a), a, b); }
INLINE vector NAME(clip)(vector a, vector low, vector high) {
    return NAME(minimum)(NAME(maximum)(a, low), high);
}
/* Of NaN it is 0, as PyTorch has it. */
INLINE vector NAME(sign)(vector a) {
    vector zero = NAME(all)(0), one = NAME(all)(1);
    return NAME(where)(a > 0, one, NAME(where)(a < 0, -one, zero));
}
INLINE vector NAME(lerp)(vector a, vector b, vector share) { return a + share * (b - a); }

/* Neighbours of a added, and behind them those of b: half as many numbers of each. */
INLINE vector NAME(pairs)(vector a, vector b) {
#if LANES == 16
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
            + __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#elif LANES == 8
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
            + __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
#elif LANES == 4
    return __builtin_shufflevector(a, b, 0, 2, 4, 6) + __builtin_shufflevector(a, b, 1, 3, 5, 7);
#else
    return __builtin_shufflevector(a, b, 0, 2) + __builtin_shufflevector(a, b, 1, 3);
#endif
}

/* The numbers of a and b in turns: those of their first halves, and those of their second. */
INLINE void NAME(zip)(vector *a, vector *b) {
#if LANES == 16
    vector first = __builtin_shufflevector(*a, *b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    *b = __builtin_shufflevector(*a, *b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#elif LANES == 8
    vector first = __builtin_shufflevector(*a, *b, 0, 8, 1, 9, 2, 10, 3, 11);
    *b = __builtin_shufflevector(*a, *b, 4, 12, 5, 13, 6, 14, 7, 15);
#elif LANES == 4
    vector first = __builtin_shufflevector(*a, *b, 0, 4, 1, 5);
    *b = __builtin_shufflevector(*a, *b, 2, 6, 3, 7);
#else
    vector first = __builtin_shufflevector(*a, *b, 0, 2);
    *b = __builtin_shufflevector(*a, *b, 1, 3);
#endif
    *a = first;
}

/* A square of numbers turned over: zipped with its other half as often as halves it. */
INLINE void NAME(transpose)(vector *a) {
#pragma GCC unroll 4
    for (int size = LANES; size > 1; size /= 2) {
        vector before[LANES];
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) before[i] = a[i];
#pragma GCC unroll 8
        for (int i = 0; i < LANES / 2; i++) {
            a[2 * i] = before[i];
            a[2 * i + 1] = before[i + LANES / 2];
            NAME(zip)(&a[2 * i], &a[2 * i + 1]);
        }
    }
}

/* The sums of sixteen vectors' numbers, in their order: a tree, the same for each. */
INLINE void NAME(sixteen_sums)(vector *a, REAL *sums) {
    int count = 16;
#pragma GCC unroll 4
    for (int lanes = LANES; lanes > 1; lanes /= 2) {
#pragma GCC unroll 8
        for (int i = 0; i < count / 2; i++) a[i] = NAME(pairs)(a[2 * i], a[2 * i + 1]);
        count /= 2;
    }
#pragma GCC unroll 8
    for (int i = 0; i < count; i++) memcpy(sums + i * LANES, a + i, WIDTH);
}

/* By the same tree. */
INLINE REAL NAME(sum)(vector a) {
#pragma GCC unroll 4
    for (int lanes = LANES; lanes > 1; lanes /= 2) a = NAME(pairs)(a, a);
    return a[0];
}

/* What is asked for too rarely to be written for vectors is the C library's, a number at a time. */
#define EACH(name, function)                                                        \
    INLINE vector NAME(name)(vector a) {                                            \
        vector r;                                                                   \
        for (int lane = 0; lane < LANES; lane++) r[lane] = function(a[lane]);       \
        return r;                                                                   \
    }
EACH(sqrt, CLIB(sqrt))
EACH(sin, CLIB(sin))
EACH(cos, CLIB(cos))
EACH(atan, CLIB(atan))

/* exp(f), less 1, for |f| below log(2) / 2 or so: its series. */
INLINE vector NAME(exp_less_one)(vector f) {
    static const double series[] = {1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720,
        1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600,
        1.0 / 6227020800, 1.0 / 87178291200};
    const int terms = DOUBLE ? 14 : 8;
    vector sum = NAME(all)((REAL)series[terms - 1]);
#pragma GCC unroll 16
    for (int term = terms - 2; term >= 0; term--) sum = (REAL)series[term] + f * sum;
    return f * sum;
}

/* exp(a) = 2^n exp(f) with |f| at most log(2) / 2. 2^n is two factors: one alone overflows early.
 * Where a CPU scales by 2^n itself, it is one instruction. */
INLINE vector NAME(exp)(vector a) {
    const REAL least = DOUBLE ? -750 : -104, most = DOUBLE ? 710 : 89;
    /* log(2) in two parts, of which n times the first is exact. */
    const REAL high = (REAL)(DOUBLE ? 0x1.62e42feep-1 : 0.693359375);
    const REAL low = (REAL)(DOUBLE ? 0x1.a39ef35793c76p-33 : -2.12194440054690583e-4);
#if WIDTH == 64
    a = AVX512(max)(NAME(all)(least), AVX512(min)(NAME(all)(most), a)); /* A NaN stays. */
    vector whole = AVX512(roundscale)(a * (REAL)1.4426950408889634, 8);
    vector f = a - whole * high - whole * low;
    return AVX512(scalef)(1 + NAME(exp_less_one)(f), whole);
#else
    a = NAME(where)(a > most, NAME(all)(most), a);
    a = NAME(where)(a < least, NAME(all)(least), a);
    vector turns = a * (REAL)1.4426950408889634;
    vector half = NAME(where)(turns < 0, NAME(all)((REAL)-0.5), NAME(all)((REAL)0.5));
    mask n = __builtin_convertvector(turns + half, mask);
    vector whole = __builtin_convertvector(n, vector);
    vector f = a - whole * high - whole * low;
    mask first = n >> 1, second = n - first;
    vector small = (vector)((first + BIAS) << MANTISSA), large = (vector)((second + BIAS) << MANTISSA);
    return (1 + NAME(exp_less_one)(f)) * small * large;
#endif
}

INLINE vector NAME(expm1)(vector a) {
    return NAME(where)(NAME(abs)(a) < (REAL)0.35, NAME(exp_less_one)(a), NAME(exp)(a) - 1);
}

/* log(2^n m) = n log(2) + 2 artanh(s) with s = (m - 1) / (m + 1), m between 1/√2 and √2. */
INLINE vector NAME(log)(vector a) {
    const REAL tiny = DOUBLE ? DBL_MIN : FLT_MIN, lift = DOUBLE ? 0x1p54 : 0x1p25;
    mask subnormal = a < tiny;
    vector x = NAME(where)(subnormal, a * lift, a);
    mask bits = (mask)x;
    mask n = ((bits >> MANTISSA) & (2 * BIAS + 1)) - BIAS;
    vector m = (vector)((bits & (((INTEGER)1 << MANTISSA) - 1)) | ((INTEGER)BIAS << MANTISSA));
    mask large = m > (REAL)1.4142135623730951;
    m = NAME(where)(large, m / 2, m);
    n = n - large + (subnormal & (DOUBLE ? -54 : -25));
    vector s = (m - 1) / (m + 1), q = s * s;
    const int terms = DOUBLE ? 11 : 6;
    vector sum = NAME(all)((REAL)1 / (2 * terms - 1));
#pragma GCC unroll 16
    for (int term = terms - 1; term > 0; term--) sum = (REAL)1 / (2 * term - 1) + q * sum;
    vector result = __builtin_convertvector(n, vector) * (REAL)0.6931471805599453 + 2 * s * sum;
    result = NAME(where)(a == 0, NAME(all)(-(REAL)INFINITY), result);
    result = NAME(where)((a < 0) | (a != a), NAME(all)((REAL)NAN), result);
    return NAME(where)(a == (REAL)INFINITY, a, result);
}

/* log(1 + a): of what 1 + a has lost, the quotient gives back (Kahan). */
INLINE vector NAME(log1p)(vector a) {
    vector u = 1 + a, lost = u - 1;
    vector exact = NAME(log)(u) * a / lost;
    mask as_it_is = (lost == 0) | (u == (REAL)INFINITY);
    return NAME(where)(as_it_is, NAME(where)(lost == 0, a, u), exact);
}

INLINE vector NAME(tanh)(vector a) {
    vector e = NAME(expm1)(-2 * NAME(abs)(a));
    vector share = -e / (2 + e);
    return NAME(where)(a < 0, -share, share);
}

INLINE vector NAME(sigmoid)(vector a) { return 1 / (1 + NAME(exp)(-a)); }

INLINE vector NAME(softplus)(vector a) {
    return NAME(maximum)(a, NAME(all)(0)) + NAME(log1p)(NAME(exp)(-NAME(abs)(a)));
}

/* The normal distribution function, half of erfc(-a / √2): of the smaller half directly, so that
 * nothing cancels. In single precision that is exp(-x²) times a polynomial of u = 1 / (1 + x / 2) at
 * x = |a| / √2, fitted to exp(x²) erfc(x) up to 9.5 at Chebyshev's points: within 2e-7 of it. */
#if DOUBLE
EACH(erfc, erfc)
INLINE vector NAME(normal_cdf)(vector a) { return NAME(erfc)(a * -0.7071067811865476) / 2; }
#else
INLINE vector NAME(normal_cdf)(vector a) {
    static const float series[] = {-2.17840028e-05f, 0.282568072f, 0.27787801f, 0.266399923f,
        0.128759429f, 0.122828723f, 0.0849742303f, -0.332954108f, 0.215223455f, -0.0456559614f};
    vector u = 1 / (1 + NAME(abs)(a) * 0.35355339f), sum = NAME(all)(series[9]);
#pragma GCC unroll 16
    for (int term = 8; term >= 0; term--) sum = series[term] + u * sum;
    vector smaller = NAME(exp)(-a * a / 2) * sum / 2;
    return NAME(where)(a < 0, smaller, 1 - smaller);
}
#endif
INLINE vector NAME(normal_pdf)(vector a) {
    return NAME(exp)(-a * a / 2) * (REAL)0.3989422804014327;
}
