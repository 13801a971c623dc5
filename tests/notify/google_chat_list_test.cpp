// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// `tocsin chat`: the names to configure, as an app sees them.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "notify/chat_listing.h"
#include "notify/notify_fixture.h"
#include "support/chat_app_stand_in.h"
#include "support/chat_schema.h"
#include "support/temp_dir.h"

namespace tocsin {
namespace {

const std::vector<std::string> kSpaces{
    R"({"name": "spaces/AAQATocsin01", "displayName": "Ops \u001b[31mröom", "spaceType": "SPACE",
        "spaceThreadingState": "THREADED_MESSAGES",
        "membershipCount": {"joinedDirectHumanUserCount": 12}})",
    R"({"name": "spaces/B-2", "spaceType": "DIRECT_MESSAGE",
        "spaceThreadingState": "UNTHREADED_MESSAGES",
        "membershipCount": {"joinedDirectHumanUserCount": 1}})",
    R"({"name": "spaces/../evil", "displayName": "x"})", R"({"displayName": "nameless"})"};
const std::vector<std::string> kMembers{
    R"({"name": "spaces/AAQATocsin01/members/1", "role": "ROLE_MANAGER", "state": "JOINED",
        "member": {"name": "users/123", "displayName": "Ann", "type": "HUMAN"}})",
    R"({"role": "ROLE_MEMBER", "member": {"name": "users/app", "type": "BOT"}})",
    R"({"groupMember": {"name": "groups/9"}, "state": "INVITED"})"};

struct Printed {
  int code = 0;
  std::string out;
};

template <typename Command>
Printed printed(Command command) {
  const CapturedStdout captured;
  Printed result;
  result.code = command();
  std::fflush(stdout);
  result.out = captured.text();
  return result;
}

// What the command says on standard error.
template <typename Command>
std::string complaint(Command command) {
  const TempDir dir;
  const std::string file = (dir.path() / "err").string();
  std::fflush(stderr);
  const int saved = dup(2);
  const int to = open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  dup2(to, 2);
  const int code = command();
  std::fflush(stderr);
  dup2(saved, 2);
  close(saved);
  close(to);
  CHECK(code == 1);
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

ChatOptions by_key(const ChatAppStandIn& chat, const TempDir& dir) {
  ChatOptions options;
  options.key_file = dir.write("key.json", chat.key_file());
  options.api_url = chat.api_url();
  return options;
}

}  // namespace

TEST_CASE("chat list: the spaces of a key file, page by page", "[notify]") {
  ChatAppStandIn chat;
  for (const std::string& space : kSpaces) {
    CHECK(ChatSchema::load()
              ->problems("{\"spaces\": [" + space + "]}", "ListSpacesResponse")
              .empty());
  }
  chat.set_lists(kSpaces, {}, 1);
  const TempDir dir;
  const ChatOptions options = by_key(chat, dir);
  const Printed result = printed([&] { return chat_spaces(options); });
  CHECK(result.code == 0);
  CHECK(result.out ==
        "spaces/AAQATocsin01  Ops [31mröom  space, threads, 12 people\n"
        "spaces/B-2                         direct message, no threads, 1 person\n");
  const auto seen = chat.seen();
  CHECK(seen.invalid() == 0);
  CHECK(seen.tokens == 1);
  CHECK(seen.calls == std::vector<std::string>{"GET /v1/spaces?pageSize=1000",
                                               "GET /v1/spaces?pageSize=1000&pageToken=page-1",
                                               "GET /v1/spaces?pageSize=1000&pageToken=page-2",
                                               "GET /v1/spaces?pageSize=1000&pageToken=page-3"});
}

TEST_CASE("chat list: the members of a space, by a notifier of the configuration", "[notify]") {
  ChatAppStandIn chat;
  for (const std::string& member : kMembers) {
    CHECK(ChatSchema::load()
              ->problems("{\"memberships\": [" + member + "]}", "ListMembershipsResponse")
              .empty());
  }
  chat.set_lists({}, kMembers, 100);
  const TempDir dir;
  ChatOptions options;
  options.file = dir.write("t.yaml",
                           "notifiers:\n  - {name: term, console: {}}\n  - name: ops\n"
                           "    google_chat: " +
                               chat.settings() +
                               "\nchecks: [{name: c, tcp: \"127.0.0.1:1\", notify: [ops]}]\n");
  options.space = "AAQATocsin01";
  for (const std::string name : {"", "ops"}) {
    options.notifier = name;
    const Printed result = printed([&] { return chat_members(options); });
    CHECK(result.code == 0);
    CHECK(result.out ==
          "users/123  Ann  person, owner\n"
          "users/app       app\n"
          "groups/9        group, invited\n");
  }
  options.notifier = "term";
  CHECK(complaint([&] { return chat_members(options); }) ==
        "tocsin: the notifier \"term\" has no service_account, and only a Chat app can list "
        "anything; "
        "--key FILE looks with a service account's key file alone\n");
  options.notifier = "opps";
  CHECK(complaint([&] { return chat_spaces(options); }) ==
        "tocsin: no notifier is named \"opps\"; did you mean \"ops\"?\n");
  options.space = "Ops room";
  CHECK(
      complaint([&] { return chat_members(options); }) ==
      "tocsin: \"Ops room\" is no space's name; it looks like spaces/AAQAtest123, as `tocsin chat "
      "spaces` lists it\n");
}

TEST_CASE("chat list: a list without an end is ended", "[notify]") {
  ChatAppStandIn chat;
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i) {
    many.push_back(R"({"name": "spaces/S)" + std::to_string(i) + "\"}");
  }
  chat.set_lists(many, {}, 3);
  const TempDir dir;
  const ChatOptions options = by_key(chat, dir);
  const Printed result = printed([&] { return chat_spaces(options); });
  CHECK(result.code == 0);
  CHECK(result.out.ends_with("spaces/S59  space\n… and more, which are not listed\n"));
  CHECK(chat.seen().calls.size() == 20);
}

TEST_CASE("chat list: what went wrong is told", "[notify]") {
  ChatAppStandIn chat;
  const TempDir dir;
  ChatOptions options = by_key(chat, dir);
  const auto spaces = [&] { return chat_spaces(options); };
  CHECK(printed(spaces).code == 0);  // none: said on standard error
  SECTION("no app is set up") {
    ChatSpace::Rules rules;
    rules.app_is_enabled = false;
    chat.set_rules(rules);
    CHECK(complaint(spaces) ==
          "tocsin: 404: NOT_FOUND: Google Chat app not found. (is the app set up under Google Chat "
          "API > Configuration in the Google Cloud console?)\n");
  }
  SECTION("the key is gone") {
    chat.at_tokens([](ChatTokenDesk& desk) { desk.delete_account(); });
    CHECK(complaint(spaces).starts_with(
        "tocsin: no access token: 400: invalid_grant: Invalid grant: account not found ("));
  }
  SECTION("there is no such file") {
    options.key_file = "/no/such/key.json";
    CHECK(complaint(spaces) ==
          "tocsin: cannot read /no/such/key.json: No such file or directory\n");
  }
  SECTION("it is another file") {
    options.key_file = dir.write("other.json", "{}");
    CHECK(complaint(spaces).find("other.json has no type \"service_account\"; give the whole") !=
          std::string::npos);
  }
}

TEST_CASE("chat list: a space's name is a name or an id, and nothing that leads elsewhere",
          "[notify]") {
  CHECK(chat_space_name("spaces/AAA") == "spaces/AAA");
  CHECK(chat_space_name("AAQA-1_b") == "spaces/AAQA-1_b");
  for (const std::string none : {"", "spaces/", "spaces/../x", "spaces/A/messages", "a b", "A?x=1",
                                 "https://chat.google.com/room/AAA", "A%2F", "ä"}) {
    INFO(none);
    CHECK(chat_space_name(none).empty());
  }
  CHECK(chat_space_name(std::string(200, 'a')).empty());
}

}  // namespace tocsin
