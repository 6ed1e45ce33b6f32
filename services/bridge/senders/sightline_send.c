/* Sends files to Sightline's bridge and knows which of them Kafka has: docs/wire-formats.md, "Acknowledged frames".
 * C99 and POSIX, nothing else; one thread, one connection at a time. What is not acknowledged is kept and sent again
 * over the next connection: at most SLOTS frames and KEPT_BYTES. Apache License 2.0.
 *
 *     cc -std=c99 -O2 -Wall -Wextra -o sightline_send sightline_send.c
 *     ./sightline_send -s camera-7 127.0.0.1 9500 *.jpg
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 256                   /* frames kept at a time; the bridge's window may be smaller or larger */
#define KEPT_BYTES (64UL << 20)     /* payload bytes kept at a time; a single larger frame is kept alone */
#define NAME_BYTES 28
#define SENDER_BYTES 64
#define HEAD_BYTES 20               /* of a frame, before its name */
#define ANSWER_BYTES 16
#define CONNECT_MS 10000
#define SILENCE_MS 45000            /* the bridge gives a sign of life every 15 s while frames wait */
#define WELCOME_MS 5000             /* and says WELCOME at once */
#define FIRST_RETRY_MS 100
#define LAST_RETRY_MS 5000

struct frame {
    uint64_t id;
    unsigned char head[HEAD_BYTES + NAME_BYTES];
    size_t head_length;
    unsigned char *payload;
    size_t length;
    int refused;                    /* answered for; leaves the ring when all before it have left */
};

struct sender {
    const char *host, *port, *id;
    int fd;                         /* -1: not connected */
    struct frame ring[SLOTS];       /* frame n is in ring[n % SLOTS] */
    uint64_t first, unsent, next;   /* ids: the oldest kept, the first not sent over this connection, the next new one */
    uint64_t highest_sent;
    size_t kept_bytes;
    size_t offset;                  /* bytes of `unsent` that were written */
    uint32_t window, largest;       /* 0: not welcomed yet */
    int leaving, rejected;          /* the bridge said goodbye; and that it never will take what we send */
    unsigned char answer[ANSWER_BYTES];
    size_t answered;                /* bytes of `answer` that came */
    int64_t heard_ms, progress_ms, patience_ms;
    int retry_ms;
    unsigned long acknowledged, refused, sent_again, connections;
};

static uint32_t crc_table[256];

static void make_crc_table(void)
{
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t c = n;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
        crc_table[n] = c;
    }
}

/* CRC32C of `length` more bytes; begin with crc = 0. */
static uint32_t crc32c(uint32_t crc, const unsigned char *data, size_t length)
{
    crc = ~crc;
    while (length--)
        crc = crc >> 8 ^ crc_table[(crc ^ *data++) & 0xff];
    return ~crc;
}

static void put(unsigned char *to, uint64_t value, int bytes)
{
    for (; bytes--; value >>= 8)
        to[bytes] = (unsigned char)(value & 0xff);
}

static uint64_t get(const unsigned char *from, int bytes)
{
    uint64_t value = 0;
    while (bytes--)
        value = value << 8 | *from++;
    return value;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int has_room(const struct sender *s, size_t length)
{
    uint64_t kept = s->next - s->first;
    return kept == 0 || (kept < SLOTS && s->kept_bytes + length <= KEPT_BYTES);
}

/* Keeps a frame, which must have room; takes over `payload`, from malloc. `name` may be empty. Returns its id. */
static uint64_t add_frame(struct sender *s, const char *name, unsigned char *payload, size_t length)
{
    struct frame *f = &s->ring[s->next % SLOTS];
    size_t name_length = strlen(name);

    f->id = s->next++;
    f->payload = payload, f->length = length;
    f->refused = 0;
    f->head_length = HEAD_BYTES + name_length;
    f->head[0] = 'F';
    f->head[1] = (unsigned char)name_length;
    f->head[2] = f->head[3] = 0;    /* no content type; reserved */
    put(f->head + 4, length, 4);
    put(f->head + 8, f->id, 8);
    memcpy(f->head + HEAD_BYTES, name, name_length);
    put(f->head + 16, crc32c(crc32c(crc32c(0, f->head, 16), f->head + HEAD_BYTES, name_length), payload, length), 4);
    s->kept_bytes += length;
    return f->id;
}

static void drop_settled(struct sender *s, uint64_t acknowledged)
{
    while (s->first < s->unsent) {
        struct frame *f = &s->ring[s->first % SLOTS];
        if (!f->refused && f->id > acknowledged)
            break;
        s->acknowledged += !f->refused;
        s->kept_bytes -= f->length;
        free(f->payload);
        s->first++;
        s->progress_ms = now_ms(), s->retry_ms = FIRST_RETRY_MS;
    }
}

static void refuse(struct sender *s, uint64_t id, unsigned code)
{
    struct frame *f = &s->ring[id % SLOTS];
    if (id < s->first || id >= s->next || f->refused)
        return;
    f->refused = 1;
    s->refused++;
    fprintf(stderr, "sightline_send: frame %llu is refused, code %u\n", (unsigned long long)id, code);
}

/* Does what one answer says. Returns 0, or -1: it is damaged or unknown. */
static int take_answer(struct sender *s)
{
    unsigned code = s->answer[1], again = (unsigned)get(s->answer + 2, 2);
    uint64_t value = get(s->answer + 4, 8);

    if (crc32c(0, s->answer, 12) != get(s->answer + 12, 4))
        return -1;
    if (s->answer[0] == 'W') {
        s->window = (uint32_t)(value >> 32);
        s->largest = (uint32_t)value;
    } else if (s->answer[0] == 'A') {
        drop_settled(s, value);
    } else if (s->answer[0] == 'N' && !again) {
        refuse(s, value, code);
    } else if (s->answer[0] == 'N' || s->answer[0] == 'G') {
        fprintf(stderr, "sightline_send: the bridge leaves, %c code %u%s\n", s->answer[0], code,
                s->answer[0] == 'G' && code == 11 ? ": its source has no `ack: frame`" : "");
        s->leaving = 1;             /* what is not acknowledged goes over another connection */
        s->rejected = !again;
    } else {
        return -1;
    }
    return 0;
}

static int read_answers(struct sender *s)
{
    ssize_t count = recv(s->fd, s->answer + s->answered, ANSWER_BYTES - s->answered, 0);
    if (count <= 0)
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    s->heard_ms = now_ms();
    s->answered += (size_t)count;
    if (s->answered < ANSWER_BYTES)
        return 0;
    s->answered = 0;
    return take_answer(s);
}

/* The frame to write now, or NULL. One that the bridge never would take is refused here. */
static struct frame *to_write(struct sender *s)
{
    if (s->offset)
        return &s->ring[s->unsent % SLOTS]; /* the bridge reads what has begun to its end, even when it leaves */
    while (!s->leaving && s->unsent < s->next && s->unsent - s->first < s->window) {
        struct frame *f = &s->ring[s->unsent % SLOTS];
        if (f->length > s->largest)
            refuse(s, f->id, 1);
        if (!f->refused)
            return f;
        s->unsent++;
        drop_settled(s, 0);
    }
    return NULL;
}

static int write_frame(struct sender *s, struct frame *f)
{
    int in_head = s->offset < f->head_length;
    const unsigned char *from = in_head ? f->head + s->offset : f->payload + (s->offset - f->head_length);
    size_t left = in_head ? f->head_length - s->offset : f->head_length + f->length - s->offset;
    ssize_t count = send(s->fd, from, left, MSG_NOSIGNAL);

    if (count < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    s->offset += (size_t)count;
    if (s->offset < f->head_length + f->length)
        return 0;
    s->offset = 0;
    s->unsent++;
    s->sent_again += f->id <= s->highest_sent;
    s->highest_sent = f->id > s->highest_sent ? f->id : s->highest_sent;
    return 0;
}

/* Waits up to `timeout_ms` for the bridge, then reads and writes what is possible. Returns 0, or -1: it is gone. */
static int exchange(struct sender *s, int timeout_ms)
{
    struct frame *f = to_write(s);
    struct pollfd ready = {.fd = s->fd, .events = (short)(POLLIN | (f ? POLLOUT : 0))};

    if (s->first == s->unsent && s->window)
        s->heard_ms = now_ms();     /* it had nothing to say */
    if (poll(&ready, 1, timeout_ms) < 0)
        return errno == EINTR ? 0 : -1;
    if (now_ms() - s->heard_ms > (s->window ? SILENCE_MS : WELCOME_MS))
        return -1;
    if (ready.revents & ~POLLOUT)
        return read_answers(s);
    return f && ready.revents & POLLOUT ? write_frame(s, f) : 0;
}

static int connect_to(const struct addrinfo *address)
{
    int one = 1, failed = 0, fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    socklen_t size = sizeof failed;
    struct pollfd ready = {.fd = fd, .events = POLLOUT};

    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    if (errno == EINPROGRESS && poll(&ready, 1, CONNECT_MS) == 1 &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && !failed)
        return fd;
    close(fd);
    return -1;
}

/* Connects and says HELLO. Returns 0, or -1. */
static int connect_bridge(struct sender *s)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found, *a;
    unsigned char hello[12 + SENDER_BYTES] = {'S', 'L', 'A', 'K', 1};
    size_t length = strlen(s->id);

    if (getaddrinfo(s->host, s->port, &hints, &found) != 0)
        return -1;
    for (a = found; a && s->fd < 0; a = a->ai_next)
        s->fd = connect_to(a);
    freeaddrinfo(found);
    if (s->fd < 0)
        return -1;
    hello[5] = (unsigned char)length;
    memcpy(hello + 12, s->id, length);
    put(hello + 8, crc32c(crc32c(0, hello, 8), hello + 12, length), 4);
    s->unsent = s->first;
    s->offset = s->answered = 0;
    s->leaving = s->window = s->largest = 0;
    s->heard_ms = now_ms();
    s->connections++;
    return send(s->fd, hello, 12 + length, MSG_NOSIGNAL) == (ssize_t)(12 + length) ? 0 : -1;
}

/* Closes, and waits a little longer each time, and not as long as other senders do. */
static void lost(struct sender *s)
{
    int wait_ms = s->retry_ms / 2 + rand() % (s->retry_ms / 2 + 1);
    struct timespec pause = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L};

    if (!s->rejected)
        fprintf(stderr, "sightline_send: %s:%s %s; trying again\n", s->host, s->port, s->fd < 0 ? "cannot be reached" :
                s->window || s->leaving ? "ended the connection" : "sent no WELCOME: has this source `ack: frame`?");
    close(s->fd), s->fd = -1;
    nanosleep(&pause, NULL);
    s->retry_ms = s->retry_ms * 2 < LAST_RETRY_MS ? s->retry_ms * 2 : LAST_RETRY_MS;
}

static unsigned char *read_file(const char *path, size_t *length)
{
    unsigned char *data = NULL;
    FILE *file = fopen(path, "rb");
    struct stat about = {0};
    int usable = file && fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= UINT32_MAX;
    size_t size = usable ? (size_t)about.st_size : 0;

    if (size && (data = malloc(size)) != NULL)
        *length = fread(data, 1, size, file);
    if (file)
        fclose(file);
    if (data && *length == size)
        return data;
    fprintf(stderr, "sightline_send: cannot read %s%s\n", path,
            S_ISDIR(about.st_mode) ? ", a folder: name its files (FOLDER/*.jpg)" : ", or it is empty");
    free(data);
    return NULL;
}

/* The name for the frame: the file's own when it fits, else none. */
static const char *frame_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return strlen(name) <= NAME_BYTES ? name : "";
}

static int out_of_patience(const struct sender *s)
{
    return s->first < s->next && now_ms() - s->progress_ms > s->patience_ms;
}

/* Sends until `length` more bytes have room, or with `all` until nothing is kept. Returns 0, or -1: it is hopeless. */
static int make_room(struct sender *s, size_t length, int all)
{
    while ((all ? s->first < s->next : !has_room(s, length)) && !s->rejected && !out_of_patience(s))
        if ((s->fd < 0 ? connect_bridge(s) : exchange(s, 1000)) != 0)
            lost(s);
    if (out_of_patience(s))
        fputs("sightline_send: nothing was acknowledged for too long\n", stderr);
    return s->rejected || out_of_patience(s) ? -1 : 0;
}

static int send_files(struct sender *s, char **paths, int count, long repeats)
{
    while (repeats--)
        for (int at = 0; at < count; at++) {
            size_t length = 0;
            unsigned char *payload = read_file(paths[at], &length);
            if (make_room(s, length, !payload) != 0 || !payload) { /* without one, what is kept is finished first */
                free(payload);
                return -1;
            }
            add_frame(s, frame_name(paths[at]), payload, length);
        }
    return make_room(s, 0, 1);
}

static int usage(void)
{
    fputs("usage: sightline_send [-s SENDER] [-r REPEATS] [-p SECONDS] HOST PORT FILE...\n"
          "  -s  who sends: the same files under the same id change nothing; default: a new one\n"
          "  -r  send all files so many times (1); -p  give up after so long without an acknowledgement (300)\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static struct sender s = {.fd = -1, .first = 1, .unsent = 1, .next = 1, .retry_ms = FIRST_RETRY_MS};
    char fresh[SENDER_BYTES + 1];
    long repeats = 1, patience = 300;
    int option, status;

    snprintf(fresh, sizeof fresh, "c-%lx-%lx", (unsigned long)time(NULL), (unsigned long)getpid());
    s.id = fresh;
    while ((option = getopt(argc, argv, "s:r:p:")) != -1)
        switch (option) {
        case 's': s.id = optarg; break;
        case 'r': repeats = atol(optarg); break;
        case 'p': patience = atol(optarg); break;
        default: return usage();
        }
    if (argc - optind < 3 || repeats < 1 || patience < 1 || strlen(s.id) < 1 || strlen(s.id) > SENDER_BYTES)
        return usage();
    s.host = argv[optind], s.port = argv[optind + 1];
    s.patience_ms = patience * 1000;
    s.progress_ms = now_ms();
    make_crc_table();
    srand((unsigned)(time(NULL) ^ getpid()));
    status = send_files(&s, argv + optind + 2, argc - optind - 2, repeats) != 0 || s.refused;
    printf("acknowledged %lu frames, sent again %lu, refused %lu, left %lu, connections %lu\n", s.acknowledged,
           s.sent_again, s.refused, (unsigned long)(s.next - s.first), s.connections);
    return status;
}
