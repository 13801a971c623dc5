// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/commands.h"
#include "cli/load_or_complain.h"
#include "cli/terminal.h"
#include "deliver/loop.h"
#include "net/http_client.h"
#include "net/resolver.h"
#include "notify/chat_listing.h"
#include "notify/notifier.h"
#include "util/system_clock.h"
#include "util/text.h"

// What a Chat app sees, so that people find what to put into the configuration. Either a notifier's
// app, or that of a key file alone: before the first space is known, there is no configuration that
// would load.

namespace tocsin {
namespace {

constexpr std::chrono::seconds kTimeout{10};
constexpr std::size_t kLongestFile = 64 * 1024;

int complain(const std::string& what) {
  std::fprintf(stderr, "tocsin: %s\n", what.c_str());
  return 1;
}

std::optional<ChatApp> app_of_file(const ChatOptions& options, std::string& problem) {
  const std::string shown = printable(options.key_file.string(), 500);
  std::ifstream in(options.key_file, std::ios::binary);
  std::string text(kLongestFile + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.fail() && !in.eof())) {
    problem = "cannot read " + shown + ": " + std::generic_category().message(errno);
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  ParsedServiceAccount parsed = parse_service_account(text);
  if (!parsed.problem.empty()) {
    problem = shown + " " + parsed.problem;
    return std::nullopt;
  }
  ChatApp app{std::move(parsed.account), options.api_url, {}};
  if (app.api_url.empty()) app.api_url = kChatApi;
  app.sink.timeout = kTimeout;
  return app;
}

const ChatApp* app_in(const NotifierEntry& entry) {
  const auto* const has_app = dynamic_cast<const HasChatApp*>(entry.notifier.get());
  return has_app == nullptr ? nullptr : &has_app->app();
}

// The notifier that is named, or else the one that has an app.
const NotifierEntry* find_entry(const Config& config, const std::string& name,
                                std::string& problem) {
  std::vector<const NotifierEntry*> with_app;
  std::vector<std::string_view> known;
  for (const NotifierEntry& entry : config.notifiers) {
    if (entry.name == name) return &entry;
    known.push_back(entry.name);
    if (app_in(entry) != nullptr) with_app.push_back(&entry);
  }
  if (!name.empty()) {
    const std::string_view near = nearest(name, known);
    problem = "no notifier is named \"" + printable(name, 200) + "\"" +
              (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?");
    return nullptr;
  }
  if (with_app.size() == 1) return with_app.front();
  problem = with_app.empty() ? "no notifier here has a service_account; --key FILE looks with a "
                               "service account's key file alone"
                             : "name one of these notifiers:";
  for (const NotifierEntry* entry : with_app) problem += " \"" + entry->name + "\"";
  return nullptr;
}

std::optional<ChatApp> app_of(const ChatOptions& options, std::string& problem) {
  if (!options.key_file.empty()) return app_of_file(options, problem);
  const auto config = load_or_complain(options.file);
  if (!config) return std::nullopt;
  const NotifierEntry* const entry = find_entry(*config, options.notifier, problem);
  if (entry == nullptr) return std::nullopt;
  const ChatApp* const app = app_in(*entry);
  if (app != nullptr) return *app;
  problem =
      "the notifier \"" + entry->name +
      "\" has no service_account, and only a Chat app can list anything; --key FILE looks with "
      "a service account's key file alone";
  return std::nullopt;
}

asio::awaitable<ChatListing> list(const ChatApp& app, ChatTools tools, std::string space) {
  if (space.empty()) co_return co_await list_chat_spaces(app, tools);
  co_return co_await list_chat_members(app, tools, std::move(space));
}

ChatListing look(const ChatApp& app, const std::string& space) {
  const SystemClock clock;
  Loop loop;
  Resolver resolver(loop);
  HttpClient http(loop, resolver);
  ChatListing out;
  out.problem = "the request did not end";
  asio::co_spawn(loop, list(app, ChatTools{http, clock}, space),
                 [&](const std::exception_ptr& thrown, ChatListing listing) {
                   if (!thrown) out = std::move(listing);
                   loop.stop();  // the resolver may still listen for late answers
                 });
  loop.run();
  loop.end();
  return out;
}

std::size_t width_of(const std::vector<ChatRow>& rows, std::string ChatRow::*column) {
  std::size_t width = 0;
  for (const ChatRow& row : rows) {
    const std::string& text = row.*column;
    const auto points = std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    });
    width = std::max(width, static_cast<std::size_t>(points));
  }
  return width;
}

void print(const ChatListing& listing) {
  const std::size_t name = width_of(listing.rows, &ChatRow::name);
  const std::size_t title = width_of(listing.rows, &ChatRow::title);
  for (const ChatRow& row : listing.rows) {
    std::string line = padded(row.name, name) + "  ";
    if (title > 0) line += padded(row.title, title) + "  ";
    std::printf("%s%s\n", line.c_str(), row.about.c_str());
  }
  if (listing.more) std::printf("… and more, which are not listed\n");
}

int run(const ChatOptions& options, const std::string& space, const char* none) {
  std::string problem;
  const std::optional<ChatApp> app = app_of(options, problem);
  if (!app) return problem.empty() ? 1 : complain(problem);
  const ChatListing listing = look(*app, space);
  if (!listing.problem.empty()) return complain(listing.problem);
  if (listing.rows.empty()) std::fprintf(stderr, "tocsin: %s\n", none);
  print(listing);
  return 0;
}

}  // namespace

int chat_spaces(const ChatOptions& options) {
  return run(options, {},
             "the app is in no space yet: add it in Google Chat, by mentioning it in the space or "
             "under Apps & integrations");
}

int chat_members(const ChatOptions& options) {
  const std::string space = chat_space_name(options.space);
  if (space.empty()) {
    return complain("\"" + printable(options.space, 200) +
                    "\" is no space's name; it looks like spaces/AAQAtest123, as `tocsin chat "
                    "spaces` lists it");
  }
  return run(options, space, "the service lists no members");
}

}  // namespace tocsin
