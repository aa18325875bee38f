#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

namespace matinee {

/// The entries of a zip archive in memory whose data is stored without compression, as torch.save writes it, by their
/// names (PKWARE's APPNOTE 6.3; zip64 for large archives). `bytes` must outlive the result. Throws Error(kBadData) for
/// an archive that is cut off, an entry that is compressed, encrypted, there twice, or outside of `bytes`.
std::map<std::string, std::span<const std::byte>, std::less<>> zip_entries(std::span<const std::byte> bytes);

}  // namespace matinee
