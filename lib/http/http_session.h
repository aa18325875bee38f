#pragma once

#include "lib/http/byte_stream.h"
#include "lib/http/http_service.h"

namespace matinee {

/// Answers the requests of one connection until either side ends it. HTTP/1.1 itself is cpp-httplib's; heads are
/// checked before it reads them. Never throws.
void serve_connection(ByteStream& stream, HttpService& service);

}  // namespace matinee
