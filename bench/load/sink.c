/*
 * The simplest MQTT server: mutual TLS, a CONNACK to every CONNECT, a PUBACK to every PUBLISH of
 * QoS 1, nothing kept, nothing checked. What the clients reach against it is their own ceiling.
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
#include <unistd.h>

/* The longest packet the bench sends is far shorter. */
#define INPUT_BYTES_MAX 32768
#define OUTPUT_BYTES_MAX 32768

struct peer {
  int fd;
  SSL *ssl;
  bool is_ready;
  size_t input_length;
  size_t output_length;
  uint8_t input[INPUT_BYTES_MAX];
  uint8_t output[OUTPUT_BYTES_MAX];
};

static void drop(struct peer *peer) {
  SSL_free(peer->ssl);
  close(peer->fd);
  free(peer);
}

/* False when the connection is over. */
static bool goes_on(struct peer *peer, int result) {
  int cause = SSL_get_error(peer->ssl, result);
  return cause == SSL_ERROR_WANT_READ || cause == SSL_ERROR_WANT_WRITE;
}

static bool flush(struct peer *peer) {
  size_t written = 0;
  while (written < peer->output_length) {
    int result = SSL_write(peer->ssl, peer->output + written, (int)(peer->output_length - written));
    if (result <= 0) {
      if (!goes_on(peer, result)) return false;
      break;
    }
    written += (size_t)result;
  }
  memmove(peer->output, peer->output + written, peer->output_length - written);
  peer->output_length -= written;
  return true;
}

static void answer(struct peer *peer, uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  const uint8_t packet[4] = {a, b, c, d};
  memcpy(peer->output + peer->output_length, packet, 4);
  peer->output_length += 4;
}

/* Bytes of the first packet of `input`, 0 while it is not whole; `body` is set to where it starts. */
static size_t packet_length(const struct peer *peer, size_t start, size_t *body) {
  size_t length = 0;
  for (size_t index = 1; index <= 4; index += 1) {
    if (start + index >= peer->input_length) return 0;
    uint8_t byte = peer->input[start + index];
    length |= (size_t)(byte & 0x7f) << (7 * (index - 1));
    if (byte & 0x80) continue;
    *body = start + index + 1;
    return *body + length <= peer->input_length ? *body + length - start : 0;
  }
  return 0;
}

static void answer_input(struct peer *peer) {
  size_t start = 0, body = 0, length;
  while (peer->output_length + 4 <= OUTPUT_BYTES_MAX &&
         (length = packet_length(peer, start, &body)) > 0) {
    uint8_t first = peer->input[start];
    if ((first & 0xf0) == 0x10) answer(peer, 0x20, 2, 0, 0);
    else if ((first & 0xf6) == 0x32) {
      size_t topic = (size_t)(peer->input[body] << 8 | peer->input[body + 1]);
      const uint8_t *id = peer->input + body + 2 + topic;
      answer(peer, 0x40, 2, id[0], id[1]);
    }
    start += length;
  }
  memmove(peer->input, peer->input + start, peer->input_length - start);
  peer->input_length -= start;
}

static bool serve(struct peer *peer) {
  if (!peer->is_ready) {
    int result = SSL_accept(peer->ssl);
    if (result != 1) return goes_on(peer, result);
    peer->is_ready = true;
  }
  for (;;) {
    size_t room = INPUT_BYTES_MAX - peer->input_length;
    /* A packet too long for us, or a client that does not read its answers. */
    if (room == 0) return false;
    int result = SSL_read(peer->ssl, peer->input + peer->input_length, (int)room);
    if (result <= 0) return goes_on(peer, result) && flush(peer);
    peer->input_length += (size_t)result;
    answer_input(peer);
    if (!SSL_has_pending(peer->ssl) && !flush(peer)) return false;
  }
}

static int listen_on_loopback(int *port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, size) || listen(fd, CLIENTS_MAX)) fail("cannot listen");
  getsockname(fd, (struct sockaddr *)&address, &size);
  *port = ntohs(address.sin_port);
  return fd;
}

static void accept_all(int epoll, int listener, SSL_CTX *context) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer) fail("no memory");
    peer->fd = fd;
    peer->ssl = SSL_new(context);
    SSL_set_fd(peer->ssl, fd);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = peer};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
}

void run_sink(const struct options *options) {
  SSL_CTX *context = tls_context(TLS_server_method(), options->ca);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  if (!options->server || SSL_CTX_use_certificate_chain_file(context, options->server) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, options->server, SSL_FILETYPE_PEM) != 1)
    fail("cannot read --server");
  SSL_CTX_set_session_id_context(context, (const uint8_t *)"sink", 4);

  int port, epoll = epoll_create1(0), listener = listen_on_loopback(&port);
  int input = STDIN_FILENO, server = listener;
  struct epoll_event on_input = {.events = EPOLLIN, .data.ptr = &input};
  struct epoll_event on_server = {.events = EPOLLIN, .data.ptr = &server};
  epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &on_input);
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &on_server);
  say("{\"event\":\"ready\",\"port\":%d}", port);

  for (struct epoll_event events[EVENTS_MAX];;) {
    int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
    for (int index = 0; index < count; index += 1) {
      void *what = events[index].data.ptr;
      if (what == &input) return;
      if (what == &server) accept_all(epoll, listener, context);
      else if (!serve(what)) drop(what);
    }
  }
}
