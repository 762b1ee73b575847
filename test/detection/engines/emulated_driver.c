/* An emulated CUDA driver: libcuda.so.1 with one "GPU" whose memory lies in the host's.
 *
 * It computes nothing. It is strict where the driver is: a call without a context in its thread is
 * refused, device addresses are no host addresses, what is queued is done at a synchronisation and
 * not before, memory runs out, and a lost device fails every call. So the real bindings (cuda-python,
 * PyCUDA) and everything above them run on a machine without a GPU. Kernels are host functions
 * (cuLaunchHostFunc). The emulated_ functions are for tests.
 *
 *     cc -shared -fPIC -Wl,-soname,libcuda.so.1 -o libcuda.so.1 emulated_driver.c -lpthread -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_CONTEXT = 201, NOT_FOUND = 500,
       CAPTURE_UNSUPPORTED = 900 };
enum { MOST = 4096, STACK = 16 };

typedef uintptr_t Address;
typedef struct { Address address; char *memory; size_t size; int is_host; } Allocation;
typedef struct { void *to; const void *from; size_t size; void (*function)(void *); void *data; } Work;
typedef struct { Work *works; int count; } Queue;
typedef struct { Queue queue; Queue *captured; } Stream;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Allocation allocations[MOST];
static Address next_address = (Address)0xD000000000;
static size_t total = (size_t)256 << 20, used = 0;
static int integrated = 0, failure = SUCCESS, references = 0, objects = 0;
static char primary;
static __thread void *stack[STACK];
static __thread int depth = 0;

void emulated_set_memory(size_t bytes) { total = bytes; }
void emulated_set_integrated(int is_integrated) { integrated = is_integrated; }
void emulated_fail(int status) { failure = status; }
int emulated_depth(void) { return depth; }
/* Allocations, streams, graphs and references to the context that are still held. */
int emulated_held(void) {
    int held = objects + references;
    for (int i = 0; i < MOST; i++) held += allocations[i].memory != NULL;
    return held;
}
/* Where the GPU's memory of that address lies, for a kernel. */
void *emulated_memory(Address address);

#define CHECKED if (failure) return failure; if (depth == 0) return NO_CONTEXT

int cuInit(unsigned flags) { (void)flags; return failure; }
int cuDriverGetVersion(int *version) { *version = 13000; return SUCCESS; }
int cuDeviceGetCount(int *count) { *count = 1; return failure; }
int cuDeviceGet(int *device, int ordinal) {
    *device = 0;
    return failure ? failure : ordinal == 0 ? SUCCESS : 101;
}
int cuDeviceGetName(char *name, int length, int device) {
    (void)device;
    snprintf(name, (size_t)length, "Emulated GPU");
    return failure;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    (void)device;
    *value = attribute == 75 ? 8 : attribute == 76 ? 7 : attribute == 18 ? integrated : 1;
    return failure;
}
int cuDeviceComputeCapability(int *major, int *minor, int device) {
    return cuDeviceGetAttribute(major, 75, device) || cuDeviceGetAttribute(minor, 76, device);
}
int cuDevicePrimaryCtxRetain(void **context, int device) {
    (void)device;
    if (failure) return failure;
    references++;
    *context = &primary;
    return SUCCESS;
}
int cuDevicePrimaryCtxRelease_v2(int device) { (void)device; references--; return failure; }
int cuCtxPushCurrent_v2(void *context) {
    if (failure) return failure;
    if (references == 0 || depth == STACK) return NO_CONTEXT;
    stack[depth++] = context;
    return SUCCESS;
}
int cuCtxPopCurrent_v2(void **context) {
    if (depth == 0) return NO_CONTEXT;
    depth--;
    if (context) *context = stack[depth];
    return SUCCESS;
}
int cuCtxGetCurrent(void **context) { *context = depth ? stack[depth - 1] : NULL; return SUCCESS; }
int cuCtxGetDevice(int *device) { *device = 0; CHECKED; return SUCCESS; }
int cuCtxGetApiVersion(void *context, unsigned *version) { (void)context; *version = 3020; return SUCCESS; }

static int allocate(Address *address, char **memory, size_t size, int is_host) {
    int status = OUT_OF_MEMORY;
    pthread_mutex_lock(&lock);
    for (int i = 0; size > 0 && i < MOST && used + size <= total; i++) {
        if (allocations[i].memory) continue;
        char *found = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
        memset(found, 0xA5, size); /* as undefined as the real one's */
        allocations[i] = (Allocation){next_address, found, size, is_host};
        *address = next_address;
        *memory = found;
        next_address += (size + 0xFFFFF) & ~(Address)0xFFFFF;
        used += size;
        status = SUCCESS;
        break;
    }
    pthread_mutex_unlock(&lock);
    return status;
}
static int release(Address address, const void *memory) {
    int status = INVALID_VALUE;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MOST; i++) {
        Allocation *one = &allocations[i];
        if (!one->memory || (memory ? one->memory != memory : one->address != address)) continue;
        used -= one->size;
        free(one->memory);
        one->memory = NULL;
        status = SUCCESS;
        break;
    }
    pthread_mutex_unlock(&lock);
    return status;
}
void *emulated_memory(Address address) {
    for (int i = 0; i < MOST; i++) {
        Allocation one = allocations[i];
        if (one.memory && address >= one.address && address < one.address + one.size)
            return one.memory + (address - one.address);
    }
    return NULL;
}
int cuMemGetInfo_v2(size_t *available, size_t *all) {
    CHECKED;
    *available = total - used;
    *all = total;
    return SUCCESS;
}
int cuMemAlloc_v2(Address *address, size_t size) {
    char *memory;
    CHECKED;
    return allocate(address, &memory, size, 0);
}
int cuMemFree_v2(Address address) { CHECKED; return release(address, NULL); }
int cuMemHostAlloc(void **memory, size_t size, unsigned flags) {
    Address address;
    (void)flags;
    CHECKED;
    return allocate(&address, (char **)memory, size, 1);
}
int cuMemFreeHost(void *memory) { CHECKED; return release(0, memory); }
int cuMemHostGetDevicePointer_v2(Address *address, void *memory, unsigned flags) {
    (void)flags;
    CHECKED;
    for (int i = 0; i < MOST; i++)
        if (allocations[i].memory == memory) { *address = allocations[i].address; return SUCCESS; }
    return INVALID_VALUE;
}

static void add(Queue *queue, Work work) {
    queue->works = realloc(queue->works, sizeof(Work) * (size_t)(queue->count + 1));
    queue->works[queue->count++] = work;
}
static int enqueue(Stream *stream, Work work) {
    if (!stream) return INVALID_VALUE;
    add(stream->captured ? stream->captured : &stream->queue, work);
    return SUCCESS;
}
int cuStreamCreate(Stream **stream, unsigned flags) {
    (void)flags;
    CHECKED;
    *stream = calloc(1, sizeof(Stream));
    objects++;
    return SUCCESS;
}
int cuStreamDestroy_v2(Stream *stream) {
    CHECKED;
    free(stream->queue.works);
    free(stream);
    objects--;
    return SUCCESS;
}
int cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t size, Stream *stream) {
    CHECKED;
    void *memory = emulated_memory(to);
    return memory ? enqueue(stream, (Work){memory, from, size, NULL, NULL}) : INVALID_VALUE;
}
int cuMemcpyDtoHAsync_v2(void *to, Address from, size_t size, Stream *stream) {
    CHECKED;
    void *memory = emulated_memory(from);
    return memory ? enqueue(stream, (Work){to, memory, size, NULL, NULL}) : INVALID_VALUE;
}
int cuLaunchHostFunc(Stream *stream, void (*function)(void *), void *data) {
    CHECKED;
    return enqueue(stream, (Work){NULL, NULL, 0, function, data});
}
int cuStreamSynchronize(Stream *stream) {
    CHECKED;
    if (stream->captured) return CAPTURE_UNSUPPORTED;
    Queue queue = stream->queue;
    stream->queue = (Queue){NULL, 0};
    for (int i = 0; i < queue.count; i++) {
        Work work = queue.works[i];
        if (work.function) work.function(work.data);
        else memcpy(work.to, work.from, work.size);
    }
    free(queue.works);
    return failure;
}
int cuStreamBeginCapture_v2(Stream *stream, int mode) {
    (void)mode;
    CHECKED;
    if (stream->captured) return INVALID_VALUE;
    stream->captured = calloc(1, sizeof(Queue));
    objects++;
    return SUCCESS;
}
int cuStreamEndCapture(Stream *stream, Queue **graph) {
    CHECKED;
    *graph = stream->captured;
    stream->captured = NULL;
    return *graph ? SUCCESS : INVALID_VALUE;
}
int cuGraphInstantiateWithFlags(Queue **instance, Queue *graph, unsigned long long flags) {
    (void)flags;
    CHECKED;
    *instance = calloc(1, sizeof(Queue));
    for (int i = 0; i < graph->count; i++) add(*instance, graph->works[i]);
    objects++;
    return SUCCESS;
}
static int destroy(Queue *queue) { free(queue->works); free(queue); objects--; return SUCCESS; }
int cuGraphDestroy(Queue *graph) { CHECKED; return destroy(graph); }
int cuGraphExecDestroy(Queue *instance) { CHECKED; return destroy(instance); }
int cuGraphLaunch(Queue *instance, Stream *stream) {
    CHECKED;
    for (int i = 0; i < instance->count; i++) enqueue(stream, instance->works[i]);
    return SUCCESS;
}

int cuGetErrorName(int status, const char **name) {
    *name = status == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR";
    return SUCCESS;
}
int cuGetErrorString(int status, const char **text) {
    *text = status == OUT_OF_MEMORY ? "out of memory" : "an emulated error";
    return SUCCESS;
}
/* How bindings find functions: the newest version of each. */
int cuGetProcAddress_v2(const char *symbol, void **function, int version, uint64_t flags, int *found) {
    char versioned[128];
    (void)version, (void)flags;
    Dl_info own;
    dladdr((void *)cuInit, &own);
    void *library = dlopen(own.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    snprintf(versioned, sizeof versioned, "%s_v2", symbol);
    *function = dlsym(library, versioned);
    if (!*function) *function = dlsym(library, symbol);
    if (found) *found = *function ? 0 : 1;
    return *function ? SUCCESS : NOT_FOUND;
}
