/* journal.c - see journal.h: the writer.  The reader is journal_read.c. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <urcu/urcu-qsbr.h>

#include "lib/boot.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/journal-private.h"

LOG_MODULE(journal);

#define PENDING_MAX ((size_t)256 << 20) /* More than that, and the disk has stopped. */
#define BUSY        ((size_t)4 << 20)
#define DOUBLES_AT  (64 * 1024) /* Smaller files may grow to that. */
#define RETRY_MS    10000
#define REST_MS     5 /* Between two writes: changes that come one by one go out together. */

/* A file and what is to be written to it. */
struct stream {
    int fd; /* -1: there is none. */
    struct text pending;
    uint64_t size; /* With what is pending. */
    bool lost;     /* Something that should be in it is not. */
};

/* What a helper thread does; it alone has the buffers meanwhile. */
struct job {
    struct journal *owner; /* NULL: it has gone. */
    int fds[2];
    struct text data[2];
    char *from, *to; /* Renamed at last; NULL: not. */
    int error;
    bool finished;
    pthread_mutex_t lock;
    pthread_cond_t cond;
};

struct journal {
    struct loop *loop;
    char *path, *tmp;
    struct stream file, next; /* 'next': the snapshot that is being taken. */
    bool complete; /* 'next' has all, and takes the place of 'file' once it is written. */
    uint64_t base; /* Size after the last snapshot. */
    int64_t retry_ms;
    struct job *job;
    struct loop_call kick;
    struct loop_timer rest;
};

/* ---- helper thread ---- */

static int write_all(int fd, const char *s, size_t n)
{
    while (n) {
        ssize_t done = write(fd, s, n);
        if (done < 0 && errno != EINTR) {
            return errno;
        }
        if (done > 0) {
            s += done;
            n -= (size_t)done;
        }
    }
    return 0;
}

static void work(void *job_)
{
    struct job *job = job_;
    int error = 0;

    for (int i = 0; i < 2 && !error; i++) {
        error = write_all(job->fds[i], text_cstr(&job->data[i]), job->data[i].len);
    }
    if (!error && job->from && rename(job->from, job->to)) {
        error = errno;
    }
    pthread_mutex_lock(&job->lock);
    job->error = error;
    job->finished = true;
    pthread_cond_signal(&job->cond);
    pthread_mutex_unlock(&job->lock);
}

/* ---- control thread ---- */

static void stream_close(struct stream *s)
{
    if (s->fd >= 0) {
        close(s->fd);
    }
    text_deinit(&s->pending);
    *s = (struct stream){.fd = -1};
}

/* What is in the files is of no use any more. */
static void fail(struct journal *j, int error)
{
    log_warn("%s: cannot be written (%s): its bridge's rules will not outlive this process; trying "
             "again in %d seconds",
             j->path, strerror(error), RETRY_MS / 1000);
    stream_close(&j->file);
    stream_close(&j->next);
    j->complete = false;
    unlink(j->path);
    unlink(j->tmp);
    j->retry_ms = loop_now(j->loop) + RETRY_MS;
}

static void settle(struct journal *j, const struct job *job)
{
    if (job->error || j->file.lost || j->next.lost) {
        fail(j, job->error ? job->error : ETIMEDOUT);
    } else if (job->from) {
        stream_close(&j->file);
        j->file = j->next;
        j->next = (struct stream){.fd = -1};
        j->complete = false;
        j->base = j->file.size;
    }
}

static void job_free(struct job *job)
{
    text_deinit(&job->data[0]);
    text_deinit(&job->data[1]);
    free(job->from);
    free(job->to);
    pthread_mutex_destroy(&job->lock);
    pthread_cond_destroy(&job->cond);
    free(job);
}

static void done(void *job_)
{
    struct job *job = job_;
    struct journal *j = job->owner;

    if (j) {
        j->job = NULL;
        settle(j, job);
        if (env_time_stopped()) {
            loop_call_schedule(&j->kick);
        } else {
            loop_timer_after(&j->rest, REST_MS);
        }
    }
    job_free(job);
}

static struct job *job_new(struct journal *j)
{
    struct job *job = xzalloc(sizeof *job);
    struct stream *streams[] = {&j->file, &j->next};

    job->owner = j;
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->cond, NULL);
    for (int i = 0; i < 2; i++) {
        job->fds[i] = streams[i]->fd;
        job->data[i] = streams[i]->pending;
        streams[i]->pending = TEXT_INIT;
    }
    if (j->complete) {
        job->from = xstrdup(j->tmp);
        job->to = xstrdup(j->path);
    }
    return job;
}

static bool has_work(const struct journal *j)
{
    return j->file.pending.len || j->next.pending.len || j->complete;
}

static void kick(void *j_)
{
    struct journal *j = j_;

    if (!j->job && (j->file.lost || j->next.lost)) {
        fail(j, ETIMEDOUT);
    }
    bool rests = loop_timer_pending(&j->rest) && !env_time_stopped();
    if (!j->job && has_work(j) && !rests) {
        j->job = job_new(j);
        loop_offload(j->loop, work, done, j->job);
    }
}

static void put(struct journal *j, struct stream *s, uint8_t kind, const void *data, size_t len)
{
    struct journal_record r = {.len = (uint32_t)len, .kind = kind};

    if (s->fd < 0 || s->lost || len > JOURNAL_RECORD_MAX) {
        return;
    }
    r.check = journal_check(&r, data);
    text_put(&s->pending, (const char *)&r, sizeof r);
    text_put(&s->pending, data, len);
    s->size += sizeof r + len;
    if (s->pending.len > PENDING_MAX) {
        s->lost = true;
        text_deinit(&s->pending);
    }
    loop_call_schedule(&j->kick);
}

void journal_put(struct journal *j, uint8_t kind, const void *data, size_t len)
{
    put(j, &j->file, kind, data, len);
    put(j, &j->next, kind, data, len);
}

void journal_put_snapshot(struct journal *j, uint8_t kind, const void *data, size_t len)
{
    put(j, &j->next, kind, data, len);
}

bool journal_busy(const struct journal *j)
{
    return j->next.pending.len > BUSY;
}

bool journal_is_kept(const struct journal *j)
{
    return j->file.fd >= 0;
}

bool journal_idle(const struct journal *j)
{
    return j->next.fd < 0 && !j->job;
}

bool journal_wants_snapshot(const struct journal *j)
{
    return journal_idle(j) && loop_now(j->loop) >= j->retry_ms &&
           (j->file.fd < 0 || j->file.size > 2 * MAX(j->base, (uint64_t)DOUBLES_AT / 2));
}

/* Waits for the helper thread.  All of these may be waiting for a grace period, which this thread
 * would hold up. */
static void wait_job(struct journal *j)
{
    struct job *job = j->job;

    if (job) {
        urcu_qsbr_thread_offline();
        pthread_mutex_lock(&job->lock);
        while (!job->finished) {
            pthread_cond_wait(&job->cond, &job->lock);
        }
        pthread_mutex_unlock(&job->lock);
        urcu_qsbr_thread_online();
        job->owner = NULL; /* done() has nothing left to do but to free it. */
        j->job = NULL;
        settle(j, job);
    }
}

void journal_begin(struct journal *j)
{
    struct journal_header h = {.version = JOURNAL_VERSION};

    wait_job(j); /* One that was given much is rare. */
    stream_close(&j->next);
    j->complete = false;
    memcpy(h.magic, JOURNAL_MAGIC, sizeof h.magic);
    unlink(j->tmp);
    j->next.fd = open(j->tmp, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (j->next.fd < 0 || !boot_get_id(h.boot_id)) {
        fail(j, j->next.fd < 0 ? errno : EIO);
        return;
    }
    text_put(&j->next.pending, (const char *)&h, sizeof h);
    j->next.size = sizeof h;
}

void journal_end(struct journal *j)
{
    j->complete = j->next.fd >= 0;
    loop_call_schedule(&j->kick);
}

struct journal *journal_new(struct loop *loop, const char *path)
{
    struct journal *j = xzalloc(sizeof *j);

    j->loop = loop;
    j->path = xstrdup(path);
    j->tmp = xasprintf("%s.tmp", path);
    j->file.fd = j->next.fd = -1;
    loop_call_init(&j->kick, loop, kick, j);
    loop_timer_init(&j->rest, loop, kick, j);
    return j;
}

void journal_flush(struct journal *j)
{
    wait_job(j);
    if (has_work(j)) {
        struct job *job = job_new(j);
        work(job);
        settle(j, job);
        job_free(job);
    }
}

void journal_close(struct journal *j, bool remove)
{
    loop_call_cancel(&j->kick);
    loop_timer_cancel(&j->rest);
    if (remove) {
        wait_job(j);
    } else {
        journal_flush(j);
    }
    if (j->next.fd >= 0) {
        unlink(j->tmp);
    }
    stream_close(&j->file);
    stream_close(&j->next);
    if (remove) {
        unlink(j->path);
    }
    free(j->path);
    free(j->tmp);
    free(j);
}
