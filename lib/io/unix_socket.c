/* unix_socket.c - see unix_socket.h.  A path longer than sun_path goes through
 * /proc/self/fd/DIRFD/NAME. */
#include "lib/io/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* '*dir_fd' is for the caller to close if not -1. */
static int make_address(const char *path, struct sockaddr_un *sun, int *dir_fd)
{
    *sun = (struct sockaddr_un){.sun_family = AF_UNIX};
    *dir_fd = -1;
    if (strlen(path) < sizeof sun->sun_path) {
        memcpy(sun->sun_path, path, strlen(path) + 1);
        return 0;
    }
    const char *slash = strrchr(path, '/');
    char dir[4096];
    if (!slash || (size_t)(slash - path) >= sizeof dir) {
        return -ENAMETOOLONG;
    }
    memcpy(dir, path, (size_t)(slash - path));
    dir[slash - path] = '\0';
    *dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*dir_fd < 0) {
        return -errno;
    }
    int n =
        snprintf(sun->sun_path, sizeof sun->sun_path, "/proc/self/fd/%d/%s", *dir_fd, slash + 1);
    if (n >= (int)sizeof sun->sun_path) {
        close(*dir_fd);
        *dir_fd = -1;
        return -ENAMETOOLONG;
    }
    return 0;
}

int unix_socket_connect(const char *path, int flags)
{
    struct sockaddr_un sun;
    int dir_fd, error = make_address(path, &sun, &dir_fd);

    if (error) {
        return error;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0) {
        error = -errno;
    } else if (connect(fd, (struct sockaddr *)&sun, sizeof sun)) {
        error = -errno;
        close(fd);
    }
    if (dir_fd >= 0) {
        close(dir_fd);
    }
    return error ? error : fd;
}

int unix_socket_remove_stale(const char *path)
{
    struct stat st;

    if (lstat(path, &st)) {
        return errno == ENOENT ? 0 : -errno;
    }
    if (!S_ISSOCK(st.st_mode)) {
        return -EEXIST;
    }
    int fd = unix_socket_connect(path, SOCK_NONBLOCK);
    if (fd >= 0) {
        close(fd);
        return -EADDRINUSE;
    }
    if (fd == -EAGAIN) {
        return -EADDRINUSE; /* Its backlog is full: it lives. */
    }
    return unlink(path) ? -errno : 0;
}

int unix_socket_listen(const char *path, mode_t mode, struct unix_socket_id *id)
{
    struct sockaddr_un sun;
    struct stat st;
    int dir_fd, error = make_address(path, &sun, &dir_fd);

    error = error ? error : unix_socket_remove_stale(path);
    if (error) {
        goto out;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        error = -errno;
        goto out;
    }
    /* Before bind(), so that the path never exists with a wider mode. */
    if (fchmod(fd, mode) || bind(fd, (struct sockaddr *)&sun, sizeof sun) ||
        chmod(sun.sun_path, mode) || listen(fd, 64) || stat(sun.sun_path, &st)) {
        error = -errno;
        close(fd);
        goto out;
    }
    *id = (struct unix_socket_id){.dev = st.st_dev, .ino = st.st_ino};
    error = fd;
out:
    if (dir_fd >= 0) {
        close(dir_fd);
    }
    return error;
}

void unix_socket_unlink(const char *path, const struct unix_socket_id *id)
{
    struct stat st;

    if (!lstat(path, &st) && st.st_dev == id->dev && st.st_ino == id->ino) {
        unlink(path);
    }
}
