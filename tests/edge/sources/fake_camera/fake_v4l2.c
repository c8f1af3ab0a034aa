// SPDX-License-Identifier: Apache-2.0
// A camera's driver for tests, preloaded: a file whose head is a `struct camera` answers as a V4L2 device would.
// The test that wrote the file maps it too and changes its fields while the camera is in use. The file's descriptor is
// a real one, so locks on it and the search for its holders work as on a device.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { kMagic = 0x4b414643, kMostModes = 16, kMostControls = 16, kMostPictures = 64, kMostBuffers = 32, kFiles = 1024 };
enum { kFailsOpen = 255 };

struct mode {
  uint32_t fourcc, width, height, fps, stride, first_picture, pictures, reserved;
};

struct control {
  uint32_t id, kind;
  int32_t low, high, step, value;
  char name[32];
};

struct picture {
  uint64_t offset, bytes;
};

struct camera {
  uint32_t magic, gone, stalled, failing_call, failing_errno, damaged, cut, timestamps;
  uint32_t refuses_userptr, opened, streaming, mode_count, control_count, reserved[3];
  struct mode modes[kMostModes];
  struct control controls[kMostControls];
  struct picture pictures[kMostPictures];
};

struct buffer {
  int file;
  uint8_t *bytes;
  uint32_t size, used, flags, sequence;
  int64_t time_ns;
};

struct handle {
  volatile struct camera *camera;
  uint8_t *file;
  size_t file_bytes;
  const volatile struct mode *mode;
  struct buffer buffers[kMostBuffers];
  uint32_t count, memory, queue[kMostBuffers], queued, done[kMostBuffers], finished, sequence, size;
  int streaming;
  int64_t interval_ns, due_ns;
};

static struct handle *handles[kFiles];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static struct handle *handle_of(int fd) { return fd >= 0 && fd < kFiles ? handles[fd] : NULL; }

static int fail(int number) {
  errno = number;
  return -1;
}

static int opened(int fd, const char *path) {
  const char *folder = getenv("FAKE_V4L2");
  char *real = fd < 0 || folder == NULL ? NULL : realpath(path, NULL);
  int ours = real != NULL && strncmp(real, folder, strlen(folder)) == 0;
  free(real);
  struct stat about;
  uint32_t magic = 0;
  if (!ours || fd >= kFiles || fstat(fd, &about) != 0 || (size_t)about.st_size < sizeof(struct camera)) return fd;
  if (pread(fd, &magic, sizeof magic, 0) != sizeof magic || magic != kMagic) return fd;
  struct handle *handle = calloc(1, sizeof *handle);
  handle->file_bytes = (size_t)about.st_size;
  handle->file = REAL(mmap)(NULL, handle->file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  handle->camera = (struct camera *)handle->file;
  handle->mode = handle->camera->modes;
  if (handle->camera->failing_call == kFailsOpen) {
    int number = (int)handle->camera->failing_errno;
    munmap(handle->file, handle->file_bytes);
    free(handle);
    REAL(close)(fd);
    return fail(number);
  }
  handle->camera->opened++;
  handles[fd] = handle;
  return fd;
}

static void free_buffers(struct handle *handle) {
  for (uint32_t i = 0; i < handle->count && handle->memory == V4L2_MEMORY_MMAP; i++) {
    munmap(handle->buffers[i].bytes, handle->buffers[i].size);
    REAL(close)(handle->buffers[i].file);
  }
  handle->count = handle->queued = handle->finished = 0;
}

static void stop(struct handle *handle) {
  if (handle->streaming) handle->camera->streaming--;
  handle->streaming = 0;
  handle->queued = handle->finished = 0;
}

// Fills the oldest queued buffer for each picture that is due; without one the picture is lost.
static void advance(struct handle *handle) {
  volatile struct camera *camera = handle->camera;
  int64_t now = now_ns();
  if (!handle->streaming || camera->gone) return;
  if (camera->stalled) handle->due_ns = now + handle->interval_ns;
  for (; handle->due_ns <= now; handle->due_ns += handle->interval_ns) {
    uint32_t sequence = handle->sequence++;
    if (handle->queued == 0) continue;
    uint32_t index = handle->queue[0];
    memmove(handle->queue, handle->queue + 1, --handle->queued * sizeof *handle->queue);
    const volatile struct mode *mode = handle->mode;
    const volatile struct picture *picture = &camera->pictures[mode->first_picture + sequence % mode->pictures];
    struct buffer *buffer = &handle->buffers[index];
    buffer->used = (uint32_t)picture->bytes;
    if (camera->cut) buffer->used /= 2, camera->cut--;
    buffer->flags = camera->timestamps;
    if (camera->damaged) buffer->flags |= V4L2_BUF_FLAG_ERROR, camera->damaged--;
    memcpy(buffer->bytes, handle->file + picture->offset, buffer->used);
    buffer->sequence = sequence;
    buffer->time_ns = handle->due_ns;
    handle->done[handle->finished++] = index;
  }
}

static int set_format(struct handle *handle, struct v4l2_format *format) {
  struct v4l2_pix_format *pix = &format->fmt.pix;
  const volatile struct mode *best = NULL;
  for (uint32_t i = 0; i < handle->camera->mode_count; i++) {
    const volatile struct mode *mode = &handle->camera->modes[i];
    if (mode->fourcc == pix->pixelformat && mode->width == pix->width && mode->height == pix->height) best = mode;
  }
  if (best == NULL) best = handle->camera->modes;
  handle->mode = best;
  handle->interval_ns = 1000000000LL / best->fps;
  handle->size = 0;
  for (uint32_t i = 0; i < best->pictures; i++) {
    uint32_t bytes = (uint32_t)handle->camera->pictures[best->first_picture + i].bytes;
    if (bytes > handle->size) handle->size = bytes;
  }
  *pix = (struct v4l2_pix_format){.width = best->width,
                                  .height = best->height,
                                  .pixelformat = best->fourcc,
                                  .field = V4L2_FIELD_NONE,
                                  .bytesperline = best->stride,
                                  .sizeimage = handle->size};
  return 0;
}

static int request_buffers(struct handle *handle, struct v4l2_requestbuffers *request) {
  if (request->memory == V4L2_MEMORY_USERPTR && handle->camera->refuses_userptr) return fail(EINVAL);
  free_buffers(handle);
  handle->memory = request->memory;
  handle->count = request->count < kMostBuffers ? request->count : kMostBuffers;
  for (uint32_t i = 0; i < handle->count && request->memory == V4L2_MEMORY_MMAP; i++) {
    struct buffer *buffer = &handle->buffers[i];
    buffer->size = (handle->size + 4095) & ~4095u;
    buffer->file = memfd_create("fake camera", MFD_CLOEXEC);
    if (ftruncate(buffer->file, buffer->size) != 0) return fail(ENOMEM);
    buffer->bytes = REAL(mmap)(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer->file, 0);
  }
  request->count = handle->count;
  return 0;
}

static int query_buffer(struct handle *handle, struct v4l2_buffer *asked) {
  if (asked->index >= handle->count) return fail(EINVAL);
  asked->m.offset = asked->index << 12;
  asked->length = handle->buffers[asked->index].size;
  return 0;
}

static int queue_buffer(struct handle *handle, const struct v4l2_buffer *given) {
  if (given->index >= handle->count || given->memory != handle->memory) return fail(EINVAL);
  for (uint32_t i = 0; i < handle->queued; i++)
    if (handle->queue[i] == given->index) return fail(EINVAL);
  if (handle->memory == V4L2_MEMORY_USERPTR) {
    if (given->length < handle->size) return fail(EINVAL);
    handle->buffers[given->index].bytes = (uint8_t *)given->m.userptr;
  }
  advance(handle);
  handle->queue[handle->queued++] = given->index;
  return 0;
}

static int take_buffer(struct handle *handle, struct v4l2_buffer *taken) {
  if (!handle->streaming) return fail(EINVAL);
  advance(handle);
  if (handle->finished == 0) return fail(EAGAIN);
  uint32_t index = handle->done[0];
  memmove(handle->done, handle->done + 1, --handle->finished * sizeof *handle->done);
  const struct buffer *buffer = &handle->buffers[index];
  taken->index = index;
  taken->bytesused = buffer->used;
  taken->flags = buffer->flags;
  taken->sequence = buffer->sequence;
  taken->timestamp.tv_sec = buffer->time_ns / 1000000000;
  taken->timestamp.tv_usec = buffer->time_ns % 1000000000 / 1000;
  return 0;
}

static int first_of_format(const volatile struct camera *camera, uint32_t i) {
  for (uint32_t j = 0; j < i; j++)
    if (camera->modes[j].fourcc == camera->modes[i].fourcc) return 0;
  return 1;
}

static int enumerate(struct handle *handle, unsigned long request, void *argument) {
  const volatile struct camera *camera = handle->camera;
  uint32_t wanted = *(uint32_t *)argument;
  for (uint32_t i = 0; i < camera->mode_count; i++) {
    const volatile struct mode *mode = &camera->modes[i];
    if (request == VIDIOC_ENUM_FMT) {
      struct v4l2_fmtdesc *format = argument;
      if (!first_of_format(camera, i) || wanted-- > 0) continue;
      format->pixelformat = mode->fourcc;
      return 0;
    }
    if (request == VIDIOC_ENUM_FRAMESIZES) {
      struct v4l2_frmsizeenum *size = argument;
      if (mode->fourcc != size->pixel_format || wanted-- > 0) continue;
      size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
      size->discrete.width = mode->width;
      size->discrete.height = mode->height;
      return 0;
    }
    struct v4l2_frmivalenum *interval = argument;
    if (mode->fourcc != interval->pixel_format || mode->width != interval->width || mode->height != interval->height)
      continue;
    if (wanted-- > 0) continue;
    interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    interval->discrete = (struct v4l2_fract){1, mode->fps};
    return 0;
  }
  return fail(EINVAL);
}

static int control(struct handle *handle, unsigned long request, void *argument) {
  uint32_t id = *(uint32_t *)argument;
  for (uint32_t i = 0; i < handle->camera->control_count; i++) {
    volatile struct control *one = &handle->camera->controls[i];
    if (request == VIDIOC_S_CTRL && one->id == id) {
      one->value = ((struct v4l2_control *)argument)->value;
      return 0;
    }
    if (request == VIDIOC_QUERYCTRL && one->id > (id & ~V4L2_CTRL_FLAG_NEXT_CTRL)) {
      struct v4l2_queryctrl *query = argument;
      *query = (struct v4l2_queryctrl){.id = one->id, .type = one->kind, .minimum = one->low, .maximum = one->high};
      query->step = one->step;
      memcpy(query->name, (const void *)one->name, sizeof query->name);
      return 0;
    }
  }
  return fail(EINVAL);
}

static int answer(struct handle *handle, unsigned long request, void *argument) {
  volatile struct camera *camera = handle->camera;
  if (camera->gone) return fail(ENODEV);
  if (camera->failing_call && camera->failing_call == _IOC_NR(request)) return fail((int)camera->failing_errno);
  switch (request) {
    case VIDIOC_QUERYCAP:
      ((struct v4l2_capability *)argument)->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
      return 0;
    case VIDIOC_ENUM_FMT:
    case VIDIOC_ENUM_FRAMESIZES:
    case VIDIOC_ENUM_FRAMEINTERVALS:
      return enumerate(handle, request, argument);
    case VIDIOC_S_FMT:
      return set_format(handle, argument);
    case VIDIOC_S_PARM:
      ((struct v4l2_streamparm *)argument)->parm.capture.timeperframe = (struct v4l2_fract){1, handle->mode->fps};
      return 0;
    case VIDIOC_QUERYCTRL:
    case VIDIOC_S_CTRL:
      return control(handle, request, argument);
    case VIDIOC_REQBUFS:
      return request_buffers(handle, argument);
    case VIDIOC_QUERYBUF:
      return query_buffer(handle, argument);
    case VIDIOC_QBUF:
      return queue_buffer(handle, argument);
    case VIDIOC_DQBUF:
      return take_buffer(handle, argument);
    case VIDIOC_STREAMON:
      handle->streaming = 1;
      handle->due_ns = now_ns() + handle->interval_ns;
      camera->streaming++;
      return 0;
    case VIDIOC_STREAMOFF:
      stop(handle);
      return 0;
    default:
      return fail(ENOTTY);
  }
}

static int open_real(const char *path, int flags, va_list rest) {
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  int fd = REAL(open)(path, flags, mode);
  pthread_mutex_lock(&mutex);
  fd = opened(fd, path);
  pthread_mutex_unlock(&mutex);
  return fd;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int fd = open_real(path, flags, rest);
  va_end(rest);
  return fd;
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int fd = open_real(path, flags | O_LARGEFILE, rest);
  va_end(rest);
  return fd;
}

int close(int fd) {
  pthread_mutex_lock(&mutex);
  struct handle *handle = handle_of(fd);
  if (handle != NULL) {
    stop(handle);
    free_buffers(handle);
    handle->camera->opened--;
    munmap(handle->file, handle->file_bytes);
    free(handle);
    handles[fd] = NULL;
  }
  pthread_mutex_unlock(&mutex);
  return REAL(close)(fd);
}

int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  pthread_mutex_lock(&mutex);
  struct handle *handle = handle_of(fd);
  int result = handle == NULL ? 0 : answer(handle, request & 0xffffffff, argument);
  pthread_mutex_unlock(&mutex);
  return handle == NULL ? REAL(ioctl)(fd, request, argument) : result;
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  pthread_mutex_lock(&mutex);
  struct handle *handle = handle_of(fd);
  if (handle != NULL) fd = handle->buffers[(offset >> 12) % kMostBuffers].file, offset = 0;
  pthread_mutex_unlock(&mutex);
  return REAL(mmap)(address, length, protection, flags, fd, offset);
}

int poll(struct pollfd *files, nfds_t count, int timeout_ms) {
  int64_t end_ns = now_ns() + timeout_ms * 1000000LL;
  for (;;) {
    int ready = 0, fakes = 0;
    short found[8] = {0};
    struct pollfd others[8];
    if (count > 8) return REAL(poll)(files, count, timeout_ms);
    memcpy(others, files, count * sizeof *files);
    pthread_mutex_lock(&mutex);
    for (nfds_t i = 0; i < count; i++) {
      struct handle *handle = handle_of(files[i].fd);
      if (handle == NULL) continue;
      fakes++;
      others[i].fd = -1;
      advance(handle);
      if (handle->finished) found[i] = POLLIN;
      if (handle->camera->gone) found[i] = POLLERR | POLLHUP;
      ready += found[i] != 0;
    }
    pthread_mutex_unlock(&mutex);
    if (fakes == 0) return REAL(poll)(files, count, timeout_ms);
    int64_t left_ms = (end_ns - now_ns()) / 1000000;
    int wait_ms = ready || (timeout_ms >= 0 && left_ms <= 0) ? 0 : 1;
    int other = REAL(poll)(others, count, wait_ms);
    if (ready || other || (timeout_ms >= 0 && left_ms <= 0)) {
      for (nfds_t i = 0; i < count; i++) files[i].revents = others[i].fd == -1 ? found[i] : others[i].revents;
      return ready + (other > 0 ? other : 0);
    }
  }
}
