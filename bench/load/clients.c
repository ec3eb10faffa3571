/*
 * The clients: N connections of one thread, each with its own certificate, its client id being the
 * certificate's common name.
 *
 * `publish` with a rate is an open loop: message k of all clients is due at start + k / rate
 * whether or not the server has answered those before, and its latency counts from that moment. A
 * server that stalls is charged for everything that was due meanwhile. Without a rate each client
 * keeps `window` publishes unanswered.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <openssl/x509v3.h>

#define PAYLOADS_BYTES_MAX (1 << 20)
/* How far apart the clients are in a row of payloads. */
#define PAYLOAD_STRIDE 7
#define TOPIC_BYTES_MAX 128
#define SEQUENCE_START 1000000000ull
#define SEQUENCE_DIGITS 10
#define MOMENT_CHARS 24
/* What one write may hold: as many whole packets as fit. */
#define OUTPUT_BYTES_MIN 65536
/* How long connecting, and the answers at the end, may take. */
#define CONNECT_S_MAX 60
#define ANSWERS_S_MAX 15

enum state { IDLE, CONNECTING, SHAKING, ASKING, READY, OVER };

struct flight {
  uint16_t id;
  uint64_t due;
};

struct client {
  enum state state;
  int fd;
  SSL *ssl;
  uint8_t *packet; /* one PUBLISH; id, sequence and time are written over */
  uint64_t sent;   /* publishes so far: the open loop's place in its schedule */
  uint8_t *output;
  size_t output_start, output_end;
  uint8_t input[8]; /* the beginning of an answer that was cut */
  size_t input_length;
  uint16_t next_id;
  struct flight *flights; /* a ring of `window`: answers come in order (MQTT-4.6.0-2) */
  uint32_t flight_first, flight_count;
};

enum phase { PHASE_CONNECT, PHASE_WARM_UP, PHASE_MEASURE, PHASE_DRAIN, PHASE_DONE };

static struct {
  const struct options *options;
  enum play play;
  enum phase phase;
  struct client *clients;
  SSL_CTX *context;
  int epoll, timer;
  int begun, ready; /* clients that began to connect, that have their CONNACK */
  uint64_t began_at, measured_at, phase_at, phase_end;
  uint64_t schedule_at, scheduled; /* open loop: when it began, messages handed to clients */
  uint8_t *payloads; /* one after the other, each of `payload_length` */
  size_t payload_length, payload_count;
  size_t packet_length, id_at, sequence_at, time_at, output_bytes;
  uint64_t acknowledged, acknowledged_total, unanswered;
  double cpu_at;
  struct latencies latencies, lags, connects;
  char moment[64];
  uint64_t moment_ms;
} load;

static void pump(struct client *client);

/* ---- what is published ------------------------------------------------------------------- */

/* The wall clock as `2026-11-22T10:00:00.000Z`; made anew only when the millisecond changed. */
static const char *moment_text(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  uint64_t ms = (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / NS_PER_MS;
  if (ms != load.moment_ms) {
    struct tm parts;
    char date[32];
    gmtime_r(&time.tv_sec, &parts);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(load.moment, sizeof load.moment, "%s.%03dZ", date, (int)(ms % 1000));
    load.moment_ms = ms;
  }
  return load.moment;
}

static void write_digits(uint8_t *target, uint64_t value) {
  for (int digit = SEQUENCE_DIGITS - 1; digit >= 0; digit -= 1) {
    target[digit] = (uint8_t)('0' + value % 10);
    value /= 10;
  }
}

static size_t write_length(uint8_t *target, size_t length) {
  size_t count = 0;
  do {
    uint8_t byte = length & 0x7f;
    length >>= 7;
    target[count] = (uint8_t)(byte | (length > 0 ? 0x80 : 0));
    count += 1;
  } while (length > 0);
  return count;
}

static void read_payloads(void) {
  static uint8_t payloads[PAYLOADS_BYTES_MAX];
  FILE *file = load.options->payload ? fopen(load.options->payload, "rb") : NULL;
  if (!file) fail("cannot read --payload");
  size_t length = fread(payloads, 1, PAYLOADS_BYTES_MAX, file);
  fclose(file);
  load.payloads = payloads;
  load.payload_length = load.options->payload_bytes ? (size_t)load.options->payload_bytes : length;
  load.payload_count = load.payload_length ? length / load.payload_length : 0;
  if (!load.payload_count || length % load.payload_length)
    fail("--payload does not hold payloads of --payload-bytes");
  size_t sequence_end = (size_t)load.options->sequence_at + SEQUENCE_DIGITS;
  if (sequence_end > load.payload_length ||
      (size_t)load.options->time_at + MOMENT_CHARS > load.payload_length)
    fail("--sequence-at or --time-at is outside the payload");
}

/* One PUBLISH of QoS 1 for each client. All client ids are equally long, so are the packets. */
static void make_packets(void) {
  read_payloads();
  size_t payload_length = load.payload_length;
  for (int index = 0; index < load.options->clients; index += 1) {
    char topic[TOPIC_BYTES_MAX];
    int topic_length = snprintf(topic, sizeof topic, "devices/%s%04d/observations",
                                load.options->prefix, index);
    if (topic_length >= TOPIC_BYTES_MAX) fail("--prefix is too long");
    uint8_t *packet = malloc(8 + (size_t)topic_length + 2 + payload_length);
    if (!packet) fail("no memory");
    packet[0] = 0x32;
    size_t at = 1 + write_length(packet + 1, 2 + (size_t)topic_length + 2 + payload_length);
    packet[at] = (uint8_t)(topic_length >> 8);
    packet[at + 1] = (uint8_t)topic_length;
    memcpy(packet + at + 2, topic, (size_t)topic_length);
    load.id_at = at + 2 + (size_t)topic_length;
    memcpy(packet + load.id_at + 2, load.payloads, payload_length);
    load.packet_length = load.id_at + 2 + payload_length;
    load.clients[index].packet = packet;
  }
  load.sequence_at = load.id_at + 2 + (size_t)load.options->sequence_at;
  load.time_at = load.id_at + 2 + (size_t)load.options->time_at;
  load.output_bytes = OUTPUT_BYTES_MIN > 2 * load.packet_length ? OUTPUT_BYTES_MIN
                                                                : 2 * load.packet_length;
}

static void append_publish(struct client *client, uint64_t due) {
  client->next_id = client->next_id == 65535 ? 1 : (uint16_t)(client->next_id + 1);
  client->packet[load.id_at] = (uint8_t)(client->next_id >> 8);
  client->packet[load.id_at + 1] = (uint8_t)client->next_id;
  if (load.payload_count > 1) {
    size_t place = (size_t)(client - load.clients) * PAYLOAD_STRIDE + client->sent;
    memcpy(client->packet + load.id_at + 2,
           load.payloads + place % load.payload_count * load.payload_length, load.payload_length);
  }
  write_digits(client->packet + load.sequence_at, SEQUENCE_START + client->sent);
  memcpy(client->packet + load.time_at, moment_text(), MOMENT_CHARS);
  memcpy(client->output + client->output_end, client->packet, load.packet_length);
  client->output_end += load.packet_length;
  uint32_t last = (client->flight_first + client->flight_count) % (uint32_t)load.options->window;
  client->flights[last] = (struct flight){.id = client->next_id, .due = due};
  client->flight_count += 1;
  client->sent += 1;
}

/* ---- connections -------------------------------------------------------------------------- */

static const char *id_of(const struct client *client) {
  static char id[TOPIC_BYTES_MAX];
  snprintf(id, sizeof id, "%s%04d", load.options->prefix, (int)(client - load.clients));
  return id;
}

/* Key and chain are read before the clock starts: a device has its own at hand. */
static void prepare(struct client *client) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.pem", load.options->certificates, id_of(client));
  client->ssl = SSL_new(load.context);
  if (!client->ssl || SSL_use_certificate_chain_file(client->ssl, path) != 1 ||
      SSL_use_PrivateKey_file(client->ssl, path, SSL_FILETYPE_PEM) != 1)
    fail("cannot read %s", path);
  X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(client->ssl), "127.0.0.1");
  SSL_set_connect_state(client->ssl);
  client->output = malloc(load.output_bytes);
  client->flights = calloc((size_t)load.options->window, sizeof *client->flights);
  if (!client->output || !client->flights) fail("no memory");
}

static void begin(struct client *client) {
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (client->fd < 0) fail("no socket: %s", strerror(errno));
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)load.options->port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int result = connect(client->fd, (struct sockaddr *)&address, sizeof address);
  if (result != 0 && errno != EINPROGRESS) fail("cannot connect: %s", strerror(errno));
  SSL_set_fd(client->ssl, client->fd);
  client->state = CONNECTING;
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client};
  epoll_ctl(load.epoll, EPOLL_CTL_ADD, client->fd, &event);
}

static void begin_some(void) {
  while (load.begun < load.options->clients && load.begun - load.ready < load.options->at_once) {
    begin(&load.clients[load.begun]);
    load.begun += 1;
  }
}

/* A lost connection ends the run: a figure with clients missing would be a wrong figure. */
static void check(struct client *client, int result) {
  int cause = SSL_get_error(client->ssl, result);
  if (cause == SSL_ERROR_WANT_READ || cause == SSL_ERROR_WANT_WRITE) return;
  int number = errno;
  fail("%s lost its connection in state %d with %u unanswered (%d of %d connected): TLS %d, %s",
       id_of(client), client->state, client->flight_count, load.ready, load.options->clients, cause,
       cause == SSL_ERROR_SYSCALL && number ? strerror(number) : "closed");
}

static void flush(struct client *client) {
  while (client->output_start < client->output_end) {
    size_t length = client->output_end - client->output_start;
    if (length > IO_BYTES_MAX) length = IO_BYTES_MAX;
    errno = 0;
    int result = SSL_write(client->ssl, client->output + client->output_start, (int)length);
    if (result <= 0) {
      check(client, result);
      return;
    }
    client->output_start += (size_t)result;
  }
  client->output_start = client->output_end = 0;
}

/* CONNECT of MQTT 3.1.1: clean session, no keep-alive (MQTT-3.1.2-24 does not apply to 0). */
static void ask(struct client *client) {
  const char *id = id_of(client);
  size_t length = strlen(id);
  const uint8_t head[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, (uint8_t)length};
  uint8_t *output = client->output;
  output[0] = 0x10;
  output[1] = (uint8_t)(sizeof head + length);
  memcpy(output + 2, head, sizeof head);
  memcpy(output + 2 + sizeof head, id, length);
  client->output_end = 2 + sizeof head + length;
  client->state = ASKING;
  flush(client);
}

static void admitted(struct client *client) {
  client->state = READY;
  load.ready += 1;
  latency_add(&load.connects, now_ns() - load.began_at);
  begin_some();
}

/* ---- answers ------------------------------------------------------------------------------ */

static void answered(struct client *client, uint16_t id, uint64_t at) {
  struct flight *flight = &client->flights[client->flight_first];
  if (client->flight_count == 0 || flight->id != id)
    fail("%s: PUBACK %d out of order (MQTT-4.6.0-2)", id_of(client), id);
  client->flight_first = (client->flight_first + 1) % (uint32_t)load.options->window;
  client->flight_count -= 1;
  load.acknowledged_total += 1;
  if (load.phase == PHASE_MEASURE) load.acknowledged += 1;
  /* Due within the measured time, whenever it was answered. */
  if (load.measured_at > 0 && flight->due >= load.measured_at)
    latency_add(&load.latencies, at - flight->due);
}

/* Every answer that clients without subscriptions get is four bytes long. */
static void read_answers(struct client *client, const uint8_t *bytes, size_t length) {
  uint64_t at = now_ns();
  for (size_t index = 0; index < length; index += 1) {
    client->input[client->input_length] = bytes[index];
    client->input_length += 1;
    if (client->input_length < 4) continue;
    const uint8_t *packet = client->input;
    client->input_length = 0;
    if (client->state == ASKING && packet[0] == 0x20 && packet[1] == 2 && packet[3] == 0)
      admitted(client);
    else if (client->state == READY && packet[0] == 0x40 && packet[1] == 2)
      answered(client, (uint16_t)(packet[2] << 8 | packet[3]), at);
    else
      fail("%s: unexpected answer %02x %02x %02x %02x", id_of(client), packet[0], packet[1],
           packet[2], packet[3]);
  }
}

static void receive(struct client *client) {
  static uint8_t bytes[IO_BYTES_MAX];
  for (;;) {
    errno = 0;
    int result = SSL_read(client->ssl, bytes, sizeof bytes);
    if (result <= 0) {
      check(client, result);
      return;
    }
    read_answers(client, bytes, (size_t)result);
  }
}

static void advance(struct client *client) {
  if (client->state == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) fail("%s cannot connect: %s", id_of(client), strerror(error));
    client->state = SHAKING;
  }
  if (client->state == SHAKING) {
    errno = 0;
    int result = SSL_do_handshake(client->ssl);
    if (result != 1) {
      check(client, result);
      return;
    }
    ask(client);
  }
  if (client->state != ASKING && client->state != READY) return;
  receive(client);
  flush(client);
  if (client->state == READY) pump(client);
}

/* ---- the schedule ------------------------------------------------------------------------- */

static uint64_t due_at(uint64_t message) {
  return load.schedule_at + (uint64_t)((double)message * (double)NS_PER_S / load.options->rate);
}

static bool has_room(const struct client *client) {
  return client->flight_count < (uint32_t)load.options->window &&
         client->output_end + load.packet_length <= load.output_bytes;
}

/* Sends what this client may send now. */
static void pump(struct client *client) {
  if (load.phase != PHASE_WARM_UP && load.phase != PHASE_MEASURE) return;
  uint64_t now = now_ns();
  uint64_t index = (uint64_t)(client - load.clients);
  while (has_room(client)) {
    uint64_t due = now;
    if (load.options->rate > 0) {
      due = due_at(client->sent * (uint64_t)load.options->clients + index);
      if (due > now) break;
      if (load.phase == PHASE_MEASURE) latency_add(&load.lags, now - due);
    }
    append_publish(client, due);
  }
  flush(client);
}

static void arm(uint64_t at) {
  struct itimerspec time = {.it_value = {.tv_sec = (time_t)(at / NS_PER_S),
                                         .tv_nsec = (long)(at % NS_PER_S)}};
  timerfd_settime(load.timer, TFD_TIMER_ABSTIME, &time, NULL);
}

static void start_phase(enum phase phase, double seconds) {
  load.phase = phase;
  load.phase_at = now_ns();
  load.phase_end = load.phase_at + (uint64_t)(seconds * (double)NS_PER_S);
}

/* Open loop: messages that were due by now, of clients that could not send any more. */
static uint64_t count_unsent(uint64_t now) {
  uint64_t unsent = 0, clients = (uint64_t)load.options->clients;
  if (load.options->rate <= 0) return 0;
  for (uint64_t index = 0; index < clients; index += 1) {
    const struct client *client = &load.clients[index];
    if (has_room(client)) continue;
    for (uint64_t next = client->sent; due_at(next * clients + index) <= now; next += 1) unsent += 1;
  }
  return unsent;
}

static void report(uint64_t ended_at) {
  double seconds = (double)(ended_at - load.phase_at) / 1e9;
  say("{\"event\":\"measured\",\"acknowledged\":%llu,\"seconds\":%.6f,\"unsent\":%llu,"
      "\"cpuSeconds\":%.3f}",
      (unsigned long long)load.acknowledged, seconds, (unsigned long long)count_unsent(ended_at),
      cpu_seconds() - load.cpu_at);
  start_phase(PHASE_DRAIN, ANSWERS_S_MAX);
}

static void finish(void) {
  for (int index = 0; index < load.options->clients; index += 1)
    load.unanswered += load.clients[index].flight_count;
  const struct latencies *l = &load.latencies;
  say("{\"event\":\"answered\",\"acknowledgedTotal\":%llu,\"unanswered\":%llu,"
      "\"latencyUs\":{\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f},\"lagUs\":{\"p99\":%.1f}}",
      (unsigned long long)load.acknowledged_total, (unsigned long long)load.unanswered,
      latency_us(l, 0.5), latency_us(l, 0.99), latency_us(l, 1), latency_us(&load.lags, 0.99));
  load.phase = PHASE_DONE;
}

static bool is_answered(void) {
  for (int index = 0; index < load.options->clients; index += 1)
    if (load.clients[index].flight_count > 0) return false;
  return true;
}

static void all_connected(void) {
  const struct latencies *l = &load.connects;
  say("{\"event\":\"connected\",\"seconds\":%.6f,\"connectUs\":{\"p50\":%.1f,\"p99\":%.1f,"
      "\"max\":%.1f},\"cpuSeconds\":%.3f,\"cipher\":\"%s %s\"}",
      (double)(now_ns() - load.began_at) / 1e9, latency_us(l, 0.5), latency_us(l, 0.99),
      latency_us(l, 1), cpu_seconds() - load.cpu_at, SSL_get_version(load.clients[0].ssl),
      SSL_get_cipher_name(load.clients[0].ssl));
  if (load.play == PLAY_CONNECT) {
    load.phase = PHASE_DONE;
  } else if (load.play == PLAY_HOLD) {
    start_phase(PHASE_DRAIN, load.options->seconds);
  } else {
    start_phase(PHASE_WARM_UP, load.options->warm_up);
    load.schedule_at = load.phase_at;
    for (int index = 0; index < load.options->clients; index += 1) pump(&load.clients[index]);
  }
}

/* Goes from phase to phase when its time has come. */
static void turn(uint64_t now) {
  if (load.phase == PHASE_CONNECT) {
    if (load.ready == load.options->clients) all_connected();
    else if (now >= load.phase_end)
      fail("only %d of %d connected in %d s", load.ready, load.options->clients, CONNECT_S_MAX);
  } else if (load.phase == PHASE_WARM_UP && now >= load.phase_end) {
    load.cpu_at = cpu_seconds();
    start_phase(PHASE_MEASURE, load.options->seconds);
    load.measured_at = load.phase_at;
    say("{\"event\":\"measuring\"}");
  } else if (load.phase == PHASE_MEASURE && now >= load.phase_end) {
    report(now);
  } else if (load.phase == PHASE_DRAIN && load.play == PLAY_HOLD) {
    if (now >= load.phase_end) load.phase = PHASE_DONE;
  } else if (load.phase == PHASE_DRAIN && (is_answered() || now >= load.phase_end)) {
    finish();
  }
}

/* Hands every message that is due to its client; says when the next one is. */
static uint64_t run_schedule(uint64_t now) {
  bool is_sending = load.phase == PHASE_WARM_UP || load.phase == PHASE_MEASURE;
  if (!is_sending || load.options->rate <= 0) return now + 10 * NS_PER_MS;
  for (uint64_t clients = (uint64_t)load.options->clients; due_at(load.scheduled) <= now;) {
    pump(&load.clients[load.scheduled % clients]);
    load.scheduled += 1;
  }
  uint64_t next = due_at(load.scheduled);
  return next < load.phase_end ? next : load.phase_end;
}

static void say_goodbye(void) {
  for (int index = 0; index < load.options->clients; index += 1) {
    struct client *client = &load.clients[index];
    if (client->state != READY) continue;
    const uint8_t disconnect[] = {0xe0, 0};
    SSL_write(client->ssl, disconnect, sizeof disconnect);
    SSL_shutdown(client->ssl);
    close(client->fd);
  }
}

static void open_all(const struct options *options, enum play play) {
  load.options = options;
  load.play = play;
  load.context = tls_context(TLS_client_method(), options->ca);
  SSL_CTX_set_verify(load.context, SSL_VERIFY_PEER, NULL);
  load.clients = calloc((size_t)options->clients, sizeof *load.clients);
  load.epoll = epoll_create1(0);
  load.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  if (!load.clients || load.epoll < 0 || load.timer < 0) fail("no memory");
  load.output_bytes = 1024;
  if (play == PLAY_PUBLISH) make_packets();
  for (int index = 0; index < options->clients; index += 1) prepare(&load.clients[index]);
}

void play_clients(const struct options *options, enum play play) {
  static int input, timer;
  open_all(options, play);
  struct epoll_event on_input = {.events = EPOLLIN, .data.ptr = &input};
  struct epoll_event on_timer = {.events = EPOLLIN, .data.ptr = &timer};
  epoll_ctl(load.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &on_input);
  epoll_ctl(load.epoll, EPOLL_CTL_ADD, load.timer, &on_timer);
  start_phase(PHASE_CONNECT, CONNECT_S_MAX);
  load.began_at = load.phase_at;
  load.cpu_at = cpu_seconds();
  begin_some();
  arm(now_ns() + NS_PER_MS);
  for (struct epoll_event events[EVENTS_MAX]; load.phase != PHASE_DONE;) {
    int count = epoll_wait(load.epoll, events, EVENTS_MAX, -1);
    for (int index = 0; index < count; index += 1) {
      void *what = events[index].data.ptr;
      if (what == &input) load.phase = PHASE_DONE;
      else if (what == &timer) {
        uint64_t times;
        if (read(load.timer, &times, sizeof times) > 0) arm(run_schedule(now_ns()));
      } else advance(what);
    }
    if (load.phase != PHASE_DONE) turn(now_ns());
  }
  say_goodbye();
}
