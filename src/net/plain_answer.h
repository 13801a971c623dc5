// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <http_parser.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "net/http_client.h"

namespace tocsin {

// Finds the parts of an HTTP/1.x answer as its bytes come, and fills the response: http_parser
// (nodejs/http-parser 2.9), told to be lenient about what is merely untidy. Interim answers (1xx)
// are passed over; what comes behind a complete answer is not looked at. Bounded by the request's
// limits and by its own; touches no socket and no clock. One thread.
class PlainAnswer {
 public:
  enum class Step : std::uint8_t {
    more,            // it goes on
    done,            // complete, or as much of the body as was asked for
    ended,           // the bytes ended before the answer did
    not_http,        // this is no HTTP/1.x answer
    bad_chunk,       // its chunks are malformed
    head_too_large,  // its header lines are beyond every reason
  };

  // Both must stay alive until the last `take`.
  void begin(const HttpRequest& request, HttpResponse& response);
  // The next bytes; a size of 0 says that the other side has closed.
  Step take(const char* data, std::size_t size);
  // The Location header as it came; empty if there was none.
  const std::string& location() const noexcept { return location_; }

 private:
  struct Glue;  // http_parser's callbacks

  void take_status_line();
  void take_header();

  const HttpRequest* request_ = nullptr;
  HttpResponse* response_ = nullptr;
  http_parser parser_{};
  std::size_t head_bytes_ = 0;  // received before the last head was complete
  char last_ = '\0';            // byte received
  bool in_value_ = false;
  bool status_done_ = false;
  bool headers_done_ = false;
  bool done_ = false;
  std::string location_;
  std::string name_;  // of the header line that is being read
  std::string value_;
};

}  // namespace tocsin
