// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// What somebody posts: a message within its bounds that people can read, or a mistake.
#include "fuzz/fuzz.h"
#include "web/handlers.h"

namespace tocsin::fuzz {
namespace {

void look(const PostedMessage& posted) {
  const OwnMessage& message = posted.message;
  require(!message.text.empty() && !message.thread.empty(), "there is a text, and a thread");
  require_printable(message.text, OwnMessage::kMostText);
  require_printable(message.thread, OwnMessage::kMostThread);
  require_printable(message.link, OwnMessage::kMostLink);
  require_printable(posted.id, PostedMessage::kMostId);
  require(message.details.size() <= OwnMessage::kMostDetails, "details are bounded");
  require(message.details == printable_lines(message.details, OwnMessage::kMostDetails + 1),
          "details are lines that people can read");
  require(message.link.empty() || message.link.starts_with("http"), "a link is a web page");
  require(posted.to.size() <= PostedMessage::kMostTo, "names are bounded");
}

}  // namespace
}  // namespace tocsin::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  Request request;
  const auto [body, key] = fuzz::two_parts(fuzz::text_of(data, size));
  request.body = body;
  if (!key.empty()) request.headers.emplace_back("idempotency-key", key);
  std::string mistake;
  const auto posted = read_posted(request, mistake);
  fuzz::require(posted.has_value() == mistake.empty(), "it is a message or a mistake");
  fuzz::require_printable(mistake, 2000);
  if (posted) fuzz::look(*posted);
  return 0;
}
