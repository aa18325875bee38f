#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace matinee {

/// Operations that were recorded once and can be issued again in one go, with the same arguments.
class Graph {
 public:
  virtual ~Graph() = default;
  virtual void run() = 0;
};

/// Arrays of a device that wait in the host's memory until they are wanted again. Copies run beside the operations, in
/// the order in which they were asked for, each behind what was called before it. Other functions do not wait for them:
/// `wait` does.
class ActivationOffload {
 public:
  virtual ~ActivationOffload() = default;
  /// `from` may be overwritten after wait(place).
  virtual void put(std::size_t place, const void* from, std::size_t bytes) = 0;
  /// What was put there last; `to` may be read after wait(place).
  virtual void fetch(std::size_t place, void* to, std::size_t bytes) = 0;
  /// What is called from now on comes after the last copy of this place. The host does not wait.
  virtual void wait(std::size_t place) = 0;
};

/// The memory of one device and the ways into it. Everything here keeps the order in which it was called, with the
/// operations too: a copy sees what the operation before it wrote.
class DeviceAllocator {
 public:
  virtual ~DeviceAllocator() = default;

  /// Whether the host may read and write what allocate() gives. Where it may not, only operations and the functions
  /// below touch it.
  virtual bool is_host() const = 0;
  /// `bytes` bytes, aligned to 64 on the host and to 256 on a GPU; contents undefined. Throws Error(kResource) saying
  /// how much was wanted and how much there is.
  virtual void* allocate(std::size_t bytes) = 0;
  /// Bytes that are held at the moment, with what the device's libraries work in, and the most that ever were. 0 on the
  /// host, where peak_resident_memory() knows.
  virtual std::size_t held_bytes() const { return 0; }
  virtual std::size_t peak_bytes() const { return 0; }
  /// Gives back what allocate() gave. Waits for operations that may still use it.
  virtual void release(void* memory) noexcept = 0;

  /// From the host; `from` may be changed once it returns.
  virtual void upload(void* to, const void* from, std::size_t bytes) = 0;
  /// To the host; waits until everything before has been done.
  virtual void download(void* to, const void* from, std::size_t bytes) = 0;
  /// Within the device; the two may not overlap.
  virtual void copy(void* to, const void* from, std::size_t bytes) = 0;
  virtual void zero(void* to, std::size_t bytes) = 0;
  /// Waits until everything before has been done; an error that an operation met shows here at the latest.
  virtual void synchronize() = 0;

  /// Memory of the host's that operations of this device can read as it lies there, at the speed of the bus: for what
  /// is looked up seldom. The host's own is an answer only where operations run on the host.
  virtual std::shared_ptr<DeviceAllocator> host_side();
  /// Room for `places` arrays of up to `bytes` each. Null where nothing is gained: what is in the host's memory
  /// already.
  virtual std::unique_ptr<ActivationOffload> offload(std::size_t places, std::size_t bytes);

  /// Records the operations and copies within the device that `body` calls, without running them: where issuing them
  /// one by one costs more than they do. Null where nothing is gained; `body` has not been called then. Within `body`
  /// nothing may be allocated, uploaded or downloaded: run it once before, so that scratch memory is there.
  virtual std::unique_ptr<Graph> capture(const std::function<void()>& body);
  /// Whether there are recordings, or one is being made: then what their operations were given must stay where it is.
  virtual bool has_graphs() const { return false; }
};

/// The memory of the CPU: one for the whole program.
std::shared_ptr<DeviceAllocator> host_allocator();

}  // namespace matinee
