// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// An HTTP/1.x answer, as it comes: the same however the bytes are cut, bounded by the request.
#include "net/plain_answer.h"

#include <string>

#include "fuzz/fuzz.h"

namespace tocsin::fuzz {
namespace {

constexpr std::size_t kLimit = 300;

struct Read {
  PlainAnswer::Step step = PlainAnswer::Step::more;
  HttpResponse response;
  std::string location;
};

Read read(std::string_view bytes, std::size_t step, bool head) {
  HttpRequest request;
  request.method = head ? "HEAD" : "GET";
  request.body_limit = kLimit;
  request.want_headers = true;
  Read out;
  PlainAnswer answer;
  answer.begin(request, out.response);
  while (out.step == PlainAnswer::Step::more && !bytes.empty()) {
    const std::string_view part = bytes.substr(0, step);
    out.step = answer.take(part.data(), part.size());
    bytes.remove_prefix(part.size());
  }
  if (out.step == PlainAnswer::Step::more) out.step = answer.take(nullptr, 0);
  require(out.step != PlainAnswer::Step::more, "an answer ends when the other side closes");
  out.location = answer.location();
  return out;
}

bool same(const Read& a, const Read& b) {
  return a.step == b.step && a.response.status == b.response.status &&
         a.response.headers == b.response.headers && a.response.body == b.response.body &&
         a.location == b.location;
}

}  // namespace
}  // namespace tocsin::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  if (size == 0) return 0;
  const bool head = (data[0] & 1) != 0;
  const std::string_view bytes = fuzz::text_of(data + 1, size - 1);
  const fuzz::Read whole = fuzz::read(bytes, size, head);
  fuzz::require(whole.response.body.size() <= fuzz::kLimit, "a body is bounded");
  fuzz::require(whole.response.body_size <= fuzz::kLimit, "what is counted is bounded");
  const fuzz::Read bytewise = fuzz::read(bytes, 1, head);
  if (whole.step == PlainAnswer::Step::done) {
    fuzz::require(fuzz::same(whole, bytewise), "where the bytes are cut changes nothing");
    fuzz::require(whole.response.status >= 100 || whole.response.status == 0,
                  "a status is one of HTTP");
  }
  return 0;
}
