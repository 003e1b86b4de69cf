/* A disk that lies: preloaded, fdatasync succeeds and does nothing. The power-cut harness must notice. */

int fdatasync(int fd);

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}
