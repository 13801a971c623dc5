// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/chat_listing.h"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <algorithm>
#include <utility>

#include "notify/chat_answer.h"
#include "notify/sink_json.h"
#include "util/text.h"

// https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces/list and
// …/spaces.members/list; both may give fewer than a page asks for, and even none, as long as there
// is a token for the next.

namespace tocsin {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr int kMostPages = 20;
constexpr std::size_t kMostRows = 5000;
constexpr std::size_t kLongestPageToken = 4096;
constexpr std::size_t kLongestTitle = 128;
constexpr std::size_t kLongestName = 128;

// "users/123" and "spaces/AAA"; empty if it could not be configured.
std::string plain_name(const std::string& name, std::string_view begin) {
  if (!name.starts_with(begin) || name.size() > kLongestName) return {};
  return is_plain_ref(name.substr(begin.size()), "-_.@=") ? name : std::string{};
}

std::string people(const Object::Ptr& space) {
  const Object::Ptr count = object_of(space, "membershipCount");
  const auto number = number_of(count, "joinedDirectHumanUserCount");
  if (!number || *number < 0 || *number > 1e7) return {};
  const auto whole = static_cast<long>(*number);
  return ", " + std::to_string(whole) + (whole == 1 ? " person" : " people");
}

ChatRow space_row(const Object::Ptr& space) {
  ChatRow row;
  row.name = plain_name(text_of(space, "name"), "spaces/");
  row.title = printable(text_of(space, "displayName"), kLongestTitle);
  const std::string type = text_of(space, "spaceType");
  const std::string threads = text_of(space, "spaceThreadingState");
  row.about = type == "DIRECT_MESSAGE" ? "direct message"
              : type == "GROUP_CHAT"   ? "group chat"
                                       : "space";
  if (threads == "UNTHREADED_MESSAGES") row.about += ", no threads";
  if (threads == "THREADED_MESSAGES" || threads == "GROUPED_MESSAGES") row.about += ", threads";
  row.about += people(space);
  return row;
}

ChatRow member_row(const Object::Ptr& membership) {
  ChatRow row;
  const Object::Ptr user = object_of(membership, "member");
  const Object::Ptr group = object_of(membership, "groupMember");
  row.name = user ? plain_name(text_of(user, "name"), "users/")
                  : plain_name(text_of(group, "name"), "groups/");
  row.title = printable(text_of(user, "displayName"), kLongestTitle);
  row.about = group ? "group" : text_of(user, "type") == "BOT" ? "app" : "person";
  const std::string role = text_of(membership, "role");
  if (role == "ROLE_MANAGER") row.about += ", owner";
  if (role == "ROLE_ASSISTANT_MANAGER") row.about += ", manager";
  if (text_of(membership, "state") == "INVITED") row.about += ", invited";
  return row;
}

struct List {
  std::string path;   // "/v1/spaces"
  std::string field;  // of the answer: "spaces"
  ChatRow (*row)(const Object::Ptr&);
};

// True if there is a next page, whose token is put in.
bool read_page(const List& list, const std::string& body, ChatListing& into, std::string& token) {
  const Object::Ptr page = parse_object(body);
  const Array::Ptr items = page ? page->getArray(list.field) : nullptr;
  for (std::size_t i = 0; items && i < items->size(); ++i) {
    ChatRow row = list.row(items->getObject(static_cast<unsigned>(i)));
    into.more = into.more || into.rows.size() == kMostRows;
    if (!row.name.empty() && !into.more) into.rows.push_back(std::move(row));
  }
  token = text_of(page, "nextPageToken");
  return !token.empty() && token.size() <= kLongestPageToken && !into.more;
}

asio::awaitable<ChatListing> fetch(const ChatApp& app, ChatTools tools, List list) {
  ChatListing out;
  std::string token;
  for (int pages = 0;; ++pages) {
    if (pages == kMostPages) {
      out.more = true;
      co_return out;
    }
    ChatCall call{"GET", list.path + "?pageSize=1000", {}};
    if (!token.empty()) call.path += "&pageToken=" + percent_encode(token);
    const SteadyTime deadline = tools.clock.steady() + app.sink.timeout;
    const ChatReply reply = co_await call_chat(app, tools, std::move(call), deadline);
    if (reply.no_token) {
      out.problem = reply.no_token->reason;
      co_return out;
    }
    const Outcome outcome =
        read_chat_answer(reply.sink, reply.response, ChatDeed::list, tools.clock.wall());
    if (outcome.what != Outcome::What::sent) {
      out.problem = outcome.reason;
      co_return out;
    }
    if (!read_page(list, reply.response.body, out, token)) co_return out;
  }
}

}  // namespace

asio::awaitable<ChatListing> list_chat_spaces(const ChatApp& app, ChatTools tools) {
  List list{"/v1/spaces", "spaces", space_row};
  co_return co_await fetch(app, tools, std::move(list));
}

asio::awaitable<ChatListing> list_chat_members(const ChatApp& app, ChatTools tools,
                                               std::string space) {
  List list{"/v1/" + space + "/members", "memberships", member_row};
  co_return co_await fetch(app, tools, std::move(list));
}

std::string chat_space_name(std::string_view given) {
  constexpr std::string_view kBegin = "spaces/";
  if (given.starts_with(kBegin)) given.remove_prefix(kBegin.size());
  const std::string id(given);
  return is_plain_ref(id, "-_", kLongestName - kBegin.size()) ? "spaces/" + id : std::string{};
}

}  // namespace tocsin
