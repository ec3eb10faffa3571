/*
 * What the parts of the load program share: TLS, events for whoever started it, time, latencies.
 * The program is one thread on purpose: what it can do alone is its ceiling, and `sink` measures it.
 */
#ifndef WARDGATE_BENCH_LOAD_H
#define WARDGATE_BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <openssl/ssl.h>

/* One TLS record; no call reads or writes more than this at once. */
#define IO_BYTES_MAX 16384
#define CLIENTS_MAX 5000
#define EVENTS_MAX 512
#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

/* Everything the command line says. Times are in seconds, rates in messages a second. */
struct options {
  int port;
  int clients;
  int window;       /* unanswered publishes a client may have */
  int at_once;      /* handshakes under way together; `connect` starts all of them */
  double rate;      /* of all clients together; 0 means as fast as the window allows */
  double warm_up;
  double seconds;
  const char *prefix;       /* client ids are PREFIX0000, PREFIX0001, ... */
  const char *certificates; /* folder of ID.pem: key and chain of each client */
  const char *ca;           /* PEM file of the authority that signed the server */
  const char *server;       /* sink: PEM file of the server's chain and key */
  const char *payload;      /* file with the payload, or several in a row */
  int payload_bytes;        /* of each of several; 0 means the file is one */
  int sequence_at;          /* offset of ten digits in it that count up */
  int time_at;              /* offset of the 24 characters of an ISO 8601 moment in it */
};

/* Monotonic time in nanoseconds. */
uint64_t now_ns(void);

/* One JSON object a line, at once: whoever started this program waits for it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A sentence on stderr and the end, with exit code 1. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* User and system time of this process, in seconds. */
double cpu_seconds(void);

/*
 * Latencies in nanoseconds, counted in buckets of 1/64 of their power of two, so that a figure read
 * back is at most 1.6 % too high. The largest is exact.
 */
#define BUCKETS_PER_OCTAVE 64
#define BUCKETS (40 * BUCKETS_PER_OCTAVE)
struct latencies {
  uint64_t counts[BUCKETS];
  uint64_t total;
  uint64_t max;
};
void latency_add(struct latencies *latencies, uint64_t ns);
/* The latency that `share` (0..1) of all stayed below or at, in microseconds. */
double latency_us(const struct latencies *latencies, double share);

/* A TLS context for either side, with the options both need for partial writes. */
SSL_CTX *tls_context(const SSL_METHOD *method, const char *ca);

/* `publish`, `connect` and `hold`: the clients. */
enum play { PLAY_PUBLISH, PLAY_CONNECT, PLAY_HOLD };
void play_clients(const struct options *options, enum play play);

/* `sink`: answers every CONNECT, PUBLISH and PINGREQ at once and keeps nothing. */
void run_sink(const struct options *options);

#endif
