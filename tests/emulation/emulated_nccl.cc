// NCCL for emulated devices. Ranks are processes or threads of one machine, connected by sockets; rank 0 adds. A sum is
// computed when someone waits for its stream, from the values in memory at that time.

#include <nccl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/emulation/device_arena.h"

using matinee::emulation::DeviceArena;

struct matinee_emulated_comm {
  int rank = 0, size = 1;
  std::vector<int> peers;  // sockets: of rank 0 to every other rank, of the others to rank 0
  std::atomic<ncclResult_t> error{ncclSuccess};
};

namespace {

constexpr int kTimeout = 60'000;  // milliseconds for all ranks to connect

// The listening sockets of the ids that this process created.
std::map<std::string, int> listening;
std::mutex mutex;

sockaddr_un address_of(const char* name, socklen_t* size) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(name);
  std::memcpy(address.sun_path + 1, name, length);  // a leading zero byte: no file
  *size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  return address;
}

bool send_all(int socket, const void* bytes, std::size_t n) {
  for (const char* at = static_cast<const char*>(bytes); n > 0;) {
    const ssize_t sent = send(socket, at, n, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    n -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int socket, void* bytes, std::size_t n) {
  for (char* at = static_cast<char*>(bytes); n > 0;) {
    const ssize_t received = recv(socket, at, n, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return false;
    at += received;
    n -= static_cast<std::size_t>(received);
  }
  return true;
}

void close_all(matinee_emulated_comm& comm) {
  for (const int peer : comm.peers) close(peer);
  comm.peers.clear();
}

// Connects the ranks. Rank 0 receives the device of each and replies whether all differ.
ncclResult_t meet(matinee_emulated_comm& comm, const ncclUniqueId& id, int device) {
  if (comm.rank == 0) {
    int listener = -1;
    {
      const std::lock_guard lock(mutex);
      listener = listening.at(id.internal);
      listening.erase(id.internal);
    }
    std::vector<int> devices{device};
    ncclResult_t result = ncclSuccess;
    comm.peers.assign(static_cast<std::size_t>(comm.size) - 1, -1);
    for (int i = 1; i < comm.size && result == ncclSuccess; ++i) {
      pollfd waiting{listener, POLLIN, 0};
      if (poll(&waiting, 1, kTimeout) <= 0) result = ncclSystemError;
      const int peer = result == ncclSuccess ? accept(listener, nullptr, nullptr) : -1;
      int hello[2];
      if (peer < 0 || !receive_all(peer, hello, sizeof hello)) return ncclSystemError;
      comm.peers[static_cast<std::size_t>(hello[0]) - 1] = peer;
      for (const int other : devices) {
        if (other == hello[1]) result = ncclInvalidUsage;
      }
      devices.push_back(hello[1]);
    }
    close(listener);
    for (const int peer : comm.peers) {
      if (peer >= 0 && !send_all(peer, &result, sizeof result)) result = ncclSystemError;
    }
    return result;
  }
  const int peer = socket(AF_UNIX, SOCK_STREAM, 0);
  comm.peers = {peer};
  socklen_t size = 0;
  const sockaddr_un address = address_of(id.internal, &size);
  if (connect(peer, reinterpret_cast<const sockaddr*>(&address), size) != 0) return ncclSystemError;
  const int hello[2] = {comm.rank, device};
  ncclResult_t result = ncclSystemError;
  if (!send_all(peer, hello, sizeof hello) || !receive_all(peer, &result, sizeof result)) return ncclSystemError;
  return result;
}

bool add_up(const matinee_emulated_comm& comm, std::vector<float>& values) {
  const std::size_t n = values.size(), bytes = n * sizeof(float);
  if (comm.rank > 0) {
    const int root = comm.peers.front();
    return send_all(root, &n, sizeof n) && send_all(root, values.data(), bytes) &&
           receive_all(root, values.data(), bytes);
  }
  std::vector<float> received_values(n);
  for (const int peer : comm.peers) {
    std::size_t received_n = 0;
    if (!receive_all(peer, &received_n, sizeof received_n)) return false;
    if (received_n != n) {
      std::fprintf(stderr, "emulated NCCL: one rank sums %zu numbers, another %zu\n", n, received_n);
      std::abort();
    }
    if (!receive_all(peer, received_values.data(), bytes)) return false;
    for (std::size_t i = 0; i < n; ++i) values[i] += received_values[i];
  }
  for (const int peer : comm.peers) {
    if (!send_all(peer, values.data(), bytes)) return false;
  }
  return true;
}

}  // namespace

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static std::atomic<int> count{0};
  std::memset(id, 0, sizeof *id);
  std::snprintf(id->internal, sizeof id->internal, "matinee-emulated-nccl-%d-%d", static_cast<int>(getpid()), count++);
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  socklen_t size = 0;
  const sockaddr_un address = address_of(id->internal, &size);
  if (listener < 0 || bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listener, 64) != 0) {
    return ncclSystemError;
  }
  const std::lock_guard lock(mutex);
  listening[id->internal] = listener;
  return ncclSuccess;
}

ncclResult_t ncclCommInitRank(ncclComm_t* comm, int size, ncclUniqueId id, int rank) {
  auto* made = new matinee_emulated_comm;
  made->rank = rank;
  made->size = size;
  const ncclResult_t result = meet(*made, id, matinee::emulation::current_device());
  if (result != ncclSuccess) {
    ncclCommAbort(made);
    return result;
  }
  *comm = made;
  return ncclSuccess;
}

ncclResult_t ncclAllReduce(const void* from, void* to, std::size_t count, ncclDataType_t, ncclRedOp_t, ncclComm_t comm,
                           cudaStream_t stream) {
  const DeviceArena& arena = DeviceArena::instance();
  if (from != to || !arena.contains(to)) std::abort();
  matinee::emulation::issue_later(stream, [=] {
    std::vector<float> values(count);
    {
      const DeviceArena::Access access;
      std::memcpy(values.data(), to, count * sizeof(float));
    }
    if (!add_up(*comm, values)) {
      comm->error = ncclRemoteError;
      return false;
    }
    const DeviceArena::Access access;
    std::memcpy(to, values.data(), count * sizeof(float));
    return true;
  });
  return ncclSuccess;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* error) {
  *error = comm->error;
  return ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t comm) {
  close_all(*comm);
  delete comm;
  return ncclSuccess;
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) { return ncclCommAbort(comm); }

const char* ncclGetErrorString(ncclResult_t result) {
  switch (result) {
    case ncclSuccess: return "no error";
    case ncclSystemError: return "unhandled system error";
    case ncclInvalidUsage: return "invalid usage";
    case ncclRemoteError: return "remote process exited or there was a network error";
    case ncclInProgress: return "NCCL operation in progress";
  }
  return "unknown result code";
}
