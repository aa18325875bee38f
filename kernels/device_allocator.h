#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace matinee {

/// Captured operations, which can be launched again and again with the same arguments.
class Graph {
 public:
  virtual ~Graph() = default;
  virtual void run() = 0;
};

/// Host memory for arrays of a device that are not needed for a while. Copies run concurrently with the operations, in
/// the order in which they were requested, each after the operations issued before it. Operations wait for a copy only
/// through wait().
class ActivationOffload {
 public:
  virtual ~ActivationOffload() = default;
  /// Copies to the host's array `index`. `from` must not be overwritten before wait(index).
  virtual void put(std::size_t index, const void* from, std::size_t bytes) = 0;
  /// Copies what was put there last. `to` must not be read before wait(index).
  virtual void fetch(std::size_t index, void* to, std::size_t bytes) = 0;
  /// Operations that are issued from now on run after the last copy of array `index`. The host does not wait.
  virtual void wait(std::size_t index) = 0;
};

/// The memory of one device. On a GPU, allocations, copies and operations form one queue: each takes effect after those
/// that were issued before it.
class DeviceAllocator {
 public:
  virtual ~DeviceAllocator() = default;

  /// Whether the host may access memory from allocate() directly. If not, only operations and the functions below may.
  virtual bool is_host() const = 0;
  /// Memory aligned to 64 bytes on the host and to 256 on a GPU; contents undefined. Throws Error(kResource) with what
  /// is needed and what is free.
  virtual void* allocate(std::size_t bytes) = 0;
  /// Bytes allocated now, including the workspaces of the device's libraries, and the most so far. 0 on the host, for
  /// which peak_resident_memory() exists.
  virtual std::size_t held_bytes() const { return 0; }
  virtual std::size_t peak_bytes() const { return 0; }
  /// Frees memory from allocate(), after the operations that may still use it.
  virtual void release(void* memory) noexcept = 0;

  /// From the host. `from` may be overwritten on return.
  virtual void upload(void* to, const void* from, std::size_t bytes) = 0;
  /// To the host. Waits for everything issued before.
  virtual void download(void* to, const void* from, std::size_t bytes) = 0;
  /// Within the device; the ranges must not overlap.
  virtual void copy(void* to, const void* from, std::size_t bytes) = 0;
  virtual void zero(void* to, std::size_t bytes) = 0;
  /// Waits for everything issued before. Reports an error of an earlier operation at the latest.
  virtual void synchronize() = 0;

  /// Host memory that operations of this device can read directly, over the bus: for large arrays that are read rarely.
  /// On the host, host_allocator().
  virtual std::shared_ptr<DeviceAllocator> host_side();
  /// Host memory for `count` arrays of up to `bytes` each. Null on the host.
  virtual std::unique_ptr<ActivationOffload> offload(std::size_t count, std::size_t bytes);

  /// Captures the operations and device-to-device copies that `body` issues, without running them; launching a graph
  /// costs less than issuing many small operations. Null without calling `body` if the device has no graphs. `body`
  /// must not allocate, upload or download; run it once before, so that its scratch memory is allocated.
  virtual std::unique_ptr<Graph> capture(const std::function<void()>& body);
  /// Whether a graph exists or is being captured. Memory that its operations use must not move then.
  virtual bool has_graphs() const { return false; }
};

/// The allocator of the CPU, one for the program.
std::shared_ptr<DeviceAllocator> host_allocator();

}  // namespace matinee
