// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// POST /api/v1/messages: a message of somebody's own. Whatever is odd about it is refused: unlike a
// heartbeat, it comes from who can read the answer and try again. What is taken is made printable
// here, so that nothing behind has to wonder; each notifier still escapes for its sink.
#include <Poco/JSON/Array.h>

#include <algorithm>
#include <utility>

#include "util/text.h"
#include "web/handlers.h"
#include "web/json.h"
#include "web/json_body.h"

namespace tocsin {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;

constexpr std::string_view kKeys[] = {"to", "thread", "text", "details", "link", "id"};

// Reads one body.
class MessageReader {
 public:
  explicit MessageReader(const Request& request) : json_(request.body, kKeys) {}

  PostedMessage read(const Request& request);
  const std::string& mistake() const noexcept { return json_.mistake(); }

 private:
  void wrong(std::string text) { json_.wrong(std::move(text)); }
  std::vector<std::string> names();
  void read_text(OwnMessage& into);
  std::string read_link();
  std::string read_id(const Request& request);

  JsonBody json_;
};

std::vector<std::string> MessageReader::names() {
  const Var value = json_.value("to");
  if (value.isEmpty()) return {};
  if (value.isString()) return {value.extract<std::string>()};
  std::vector<std::string> out;
  if (value.type() == typeid(Array::Ptr)) {
    for (const Var& item : *value.extract<Array::Ptr>()) {
      if (item.isString()) {
        out.push_back(item.extract<std::string>());
      } else {
        wrong("\"to\" must be a notifier's name, or a list of names");
      }
    }
    if (out.empty()) wrong("\"to\" names nobody");
    if (out.size() > PostedMessage::kMostTo) {
      wrong("\"to\" may name " + std::to_string(PostedMessage::kMostTo) + " notifiers at the most");
    }
    return out;
  }
  wrong("\"to\" must be a notifier's name, or a list of names");
  return out;
}

// The first line is the text; what follows it goes before the details.
void MessageReader::read_text(OwnMessage& into) {
  const std::string given = json_.text("text");
  const std::string all = printable_lines(trim(given), given.size() * 3 + 1);
  const std::size_t end = std::min(all.find('\n'), all.size());
  into.text = trim(std::string_view(all).substr(0, end));
  into.details = trim(std::string_view(all).substr(end));
  const std::string details = json_.text("details");
  const std::string more(trim(printable_lines(details, details.size() * 3 + 1)));
  if (!into.details.empty() && !more.empty()) into.details += '\n';
  into.details += more;
  if (into.text.empty()) wrong("\"text\" is missing: what is to be told");
  if (into.text.size() > OwnMessage::kMostText) {
    wrong("the first line of \"text\" may have " + std::to_string(OwnMessage::kMostText) +
          " bytes at the most; what is longer belongs in \"details\"");
  }
  if (into.details.size() > OwnMessage::kMostDetails) {
    wrong(too_long("details", OwnMessage::kMostDetails));
  }
}

std::string MessageReader::read_link() {
  std::string link = json_.text("link");
  if (link.empty()) return link;
  if (link.size() > OwnMessage::kMostLink) wrong(too_long("link", OwnMessage::kMostLink));
  const std::size_t scheme = link.starts_with("https://") ? 8 : link.starts_with("http://") ? 7 : 0;
  const std::string host = link.substr(scheme, link.find_first_of("/?#", scheme) - scheme);
  const bool plain = std::all_of(link.begin(), link.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\';
  });
  if (scheme == 0 || host.empty() || !plain) {
    wrong("\"link\" must be an absolute http or https URL, percent-encoded");
  } else if (host.find('@') != std::string::npos) {
    wrong("\"link\" may hold no user or password, since it is shown");
  }
  return link;
}

// By the body, or by the header that others have for it; there its value may stand in quotes.
std::string MessageReader::read_id(const Request& request) {
  std::string id = json_.line("id", PostedMessage::kMostId);
  constexpr std::string_view kHeader = "idempotency-key";
  if (request.count_of(kHeader) == 0) return id;
  std::string_view given = request.header(kHeader).value_or("");
  if (given.size() > 2 && given.front() == '"' && given.back() == '"') {
    given = given.substr(1, given.size() - 2);
  }
  const std::string key(trim(printable(given, given.size() * 3 + 1)));
  if (key.empty()) wrong("exactly one Idempotency-Key with a value is needed, or none");
  if (key.size() > PostedMessage::kMostId)
    wrong(too_long("Idempotency-Key", PostedMessage::kMostId));
  if (!id.empty() && id != key) wrong("\"id\" and Idempotency-Key differ; give one of them");
  return key;
}

PostedMessage MessageReader::read(const Request& request) {
  PostedMessage out;
  out.to = names();
  out.message.thread = json_.line("thread", OwnMessage::kMostThread);
  if (out.message.thread.empty()) out.message.thread = kMessagesThread;
  read_text(out.message);
  out.message.link = read_link();
  out.id = read_id(request);
  return out;
}

Response wait_for(int status, std::string_view detail, const char* seconds) {
  Response response = problem(status, detail);
  response.headers.emplace_back("Retry-After", seconds);
  return response;
}

Response accepted(const PostAnswer& answer) {
  Response response{answer.repeated ? 200 : 202, std::string(kJson), {}, {}};
  JsonWriter json(response.body);
  json.begin_object();
  json.field("repeated", answer.repeated);
  json.field("durable", answer.fate == PostAnswer::Fate::durable);
  json.key("notifications");
  json.begin_array();
  for (const MadeNotification& made : answer.notifications) {
    json.begin_object();
    json.field("id", made.id);
    json.field("uid", made.uid);
    json.field("notifier", made.notifier);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  response.body += '\n';
  return response;
}

}  // namespace

std::optional<PostedMessage> read_posted(const Request& request, std::string& mistake) {
  MessageReader reader(request);
  PostedMessage message = reader.read(request);
  mistake = reader.mistake();
  if (!mistake.empty()) return std::nullopt;
  return message;
}

Response post_message(const Request& request, const Services& services) {
  if (auto refusal = Query(request).refusal()) return std::move(*refusal);
  std::string mistake;
  auto message = read_posted(request, mistake);
  if (!message) return problem(400, mistake);
  const PostAnswer answer = services.control.post_message(std::move(*message));
  switch (answer.fate) {
    case PostAnswer::Fate::durable:
    case PostAnswer::Fate::memory: return accepted(answer);
    case PostAnswer::Fate::refused: return problem(400, answer.mistake);
    case PostAnswer::Fate::id_taken:
      return problem(422, "another message was posted with this id within a day; take a new one");
    case PostAnswer::Fate::too_many:
      return wait_for(429, "too many messages with an id were posted within a day", "600");
    case PostAnswer::Fate::late: break;
  }
  return wait_for(503,
                  "the daemon is too busy to answer; post it again, with an \"id\" so that it is "
                  "not told twice",
                  "5");
}

}  // namespace tocsin
