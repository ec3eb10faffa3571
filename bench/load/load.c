/*
 * Load for the bench: many MQTT 3.1.1 clients over mutual TLS, and the simplest server there is.
 *
 *   load publish|connect|hold --port P --clients N ...   clients, see struct options
 *   load sink --server PEM --ca PEM                      answers PUBLISH by PUBACK, keeps nothing
 *   load exec COMMAND ...                                runs COMMAND, which ends with its parent
 *
 * Loopback only. Every mode ends when its standard input does, when the process that started it
 * ends, and after its own time.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>

uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

void say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
  fflush(stdout);
}

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  ERR_print_errors_fp(stderr);
  exit(1);
}

double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int bucket_of(uint64_t ns) {
  if (ns < BUCKETS_PER_OCTAVE) return (int)ns;
  int octave = 63 - __builtin_clzll(ns) - 6;
  int bucket = (octave + 1) * BUCKETS_PER_OCTAVE + (int)((ns >> octave) - BUCKETS_PER_OCTAVE);
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

/* The upper end of a bucket, so that no figure flatters. */
static uint64_t bucket_end(int bucket) {
  if (bucket < BUCKETS_PER_OCTAVE) return (uint64_t)bucket;
  int octave = bucket / BUCKETS_PER_OCTAVE - 1;
  uint64_t within = (uint64_t)(bucket % BUCKETS_PER_OCTAVE) + BUCKETS_PER_OCTAVE;
  return ((within + 1) << octave) - 1;
}

void latency_add(struct latencies *latencies, uint64_t ns) {
  latencies->counts[bucket_of(ns)] += 1;
  latencies->total += 1;
  if (ns > latencies->max) latencies->max = ns;
}

double latency_us(const struct latencies *latencies, double share) {
  uint64_t wanted = (uint64_t)((double)latencies->total * share);
  uint64_t seen = 0;
  for (int bucket = 0; bucket < BUCKETS; bucket += 1) {
    seen += latencies->counts[bucket];
    if (seen > wanted || seen == latencies->total) {
      uint64_t end = bucket_end(bucket);
      return (double)(end < latencies->max ? end : latencies->max) / 1e3;
    }
  }
  return 0;
}

SSL_CTX *tls_context(const SSL_METHOD *method, const char *ca) {
  SSL_CTX *context = SSL_CTX_new(method);
  if (!context) fail("no TLS");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  /* Header and body of a record by one read, as many of them as are there. */
  SSL_CTX_set_read_ahead(context, 1);
  if (!ca || SSL_CTX_load_verify_locations(context, ca, NULL) != 1) fail("cannot read --ca");
  return context;
}

static void raise_limits(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  /* Sends are due to the microsecond; the kernel's usual slack is 50 of them. */
  prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);
}

static double number(const char *word, double least, double most) {
  char *end;
  errno = 0;
  double value = strtod(word, &end);
  if (errno || end == word || *end || !(value >= least && value <= most))
    fail("%s is no number from %g to %g", word, least, most);
  return value;
}

static struct options read_options(int count, char **words) {
  static const struct option names[] = {
      {"port", 1, 0, 'p'},        {"clients", 1, 0, 'n'}, {"window", 1, 0, 'w'},
      {"at-once", 1, 0, 'o'},     {"rate", 1, 0, 'r'},    {"warm-up", 1, 0, 'u'},
      {"seconds", 1, 0, 's'},     {"prefix", 1, 0, 'x'},  {"certificates", 1, 0, 'd'},
      {"ca", 1, 0, 'c'},          {"server", 1, 0, 'S'},  {"payload", 1, 0, 'P'},
      {"sequence-at", 1, 0, 'q'}, {"time-at", 1, 0, 't'}, {"payload-bytes", 1, 0, 'b'},
      {0, 0, 0, 0}};
  struct options options = {.clients = 1, .window = 20, .at_once = 64, .seconds = 1, .prefix = "c"};
  for (int letter; (letter = getopt_long(count, words, "", names, NULL)) != -1;) {
    switch (letter) {
      case 'p': options.port = (int)number(optarg, 1, 65535); break;
      case 'n': options.clients = (int)number(optarg, 1, CLIENTS_MAX); break;
      case 'w': options.window = (int)number(optarg, 1, 32768); break;
      case 'o': options.at_once = (int)number(optarg, 1, CLIENTS_MAX); break;
      case 'r': options.rate = number(optarg, 0, 1e6); break;
      case 'u': options.warm_up = number(optarg, 0, 3600); break;
      case 's': options.seconds = number(optarg, 0.1, 7200); break;
      case 'x': options.prefix = optarg; break;
      case 'd': options.certificates = optarg; break;
      case 'c': options.ca = optarg; break;
      case 'S': options.server = optarg; break;
      case 'P': options.payload = optarg; break;
      case 'b': options.payload_bytes = (int)number(optarg, 0, 65536); break;
      case 'q': options.sequence_at = (int)number(optarg, 0, 65536); break;
      case 't': options.time_at = (int)number(optarg, 0, 65536); break;
      default: fail("usage: see the head of load.c");
    }
  }
  return options;
}

/* Becomes the command given, but bound to the life of the process that started this one. */
static void become(char **command) {
  if (!command[0]) fail("exec: no command");
  execvp(command[0], command);
  fail("cannot run %s: %s", command[0], strerror(errno));
}

int main(int count, char **words) {
  if (count < 2) fail("usage: see the head of load.c");
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() == 1) fail("whoever started this has ended");
  const char *mode = words[1];
  if (strcmp(mode, "exec") == 0) become(words + 2);
  signal(SIGPIPE, SIG_IGN);
  raise_limits();
  struct options options = read_options(count - 1, words + 1);
  if (strcmp(mode, "sink") == 0) run_sink(&options);
  else if (strcmp(mode, "publish") == 0) play_clients(&options, PLAY_PUBLISH);
  else if (strcmp(mode, "connect") == 0) play_clients(&options, PLAY_CONNECT);
  else if (strcmp(mode, "hold") == 0) play_clients(&options, PLAY_HOLD);
  else fail("unknown mode %s", mode);
  return 0;
}
