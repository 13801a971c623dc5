// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/daemon.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "config/address.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostInstance = 128;
constexpr std::size_t kShortToken = 16;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "tocsin";
  return name.data();
}

std::string read_instance(Section& file) {
  std::string name = file.text("instance");
  if (!file.given("instance")) return host_name();
  if (name.empty() || name.size() > kMostInstance || printable(name, kMostInstance) != name)
    file.error("instance", "a name of 1 to 128 characters in one line expected");
  return name;
}

// systemd's state directory, which may be several; then the XDG rules; root's is the system's.
std::string default_state_dir() {
  const std::string given = environment("STATE_DIRECTORY");
  if (given.starts_with('/')) return given.substr(0, given.find(':'));
  const std::string state = environment("XDG_STATE_HOME");
  if (state.starts_with('/')) return state + "/tocsin";
  const std::string home = environment("HOME");
  if (home.starts_with('/')) return home + "/.local/state/tocsin";
  return ::geteuid() == 0 ? "/var/lib/tocsin" : "";
}

std::string read_state_dir(Section& file) {
  std::string path = file.text("state_dir");
  if (file.given("state_dir")) {
    if (!path.starts_with('/') || path.find('\0') != std::string::npos)
      file.error("state_dir", "absolute path expected, such as /var/lib/tocsin");
    return path;
  }
  path = default_state_dir();
  if (path.empty() && !file.keys()->node->find("state_dir"))
    file.error(
        "state_dir is not given, and there is no $STATE_DIRECTORY, $XDG_STATE_HOME or $HOME "
        "to derive it from; add \"state_dir: /path\"");
  return path;
}

LogSettings read_log(Section log) {
  LogSettings out;
  out.level = log.choice("level", {"trace", "debug", "info", "warn", "error"}, out.level);
  out.format = log.choice("format", {"text", "json"}, out.format);
  return out;
}

Secret read_token(Section& web, std::string_view key) {
  Secret token = web.secret(key);
  if (!web.given(key)) return token;
  if (token.empty()) {
    web.error(key, "the token is empty; give one or remove the key");
  } else if (token.reveal().size() < kShortToken) {
    web.warn(key, "a token of fewer than " + std::to_string(kShortToken) +
                      " characters can be guessed; use a longer one");
  }
  return token;
}

void check_listen(Section& web, const WebSettings& settings) {
  if (settings.listen.empty() || !web.given("listen")) return;
  std::string mistake = listen_mistake(settings.listen);
  if (!mistake.empty()) {
    web.error("listen", std::move(mistake));
    web.mute("listen");
    return;
  }
  // Unresolved and broken tokens count as given: the mistake would be told of twice.
  if (is_local_listen(settings.listen) || web.keys()->node->find("read_token") != nullptr) return;
  web.error("listen",
            "this address is reached from other machines, so \"read_token\" is needed; add one, or "
            "listen on 127.0.0.1 or a unix socket");
}

// It needs no token wherever it is reached from: each heartbeat brings its secret.
void check_heartbeat_listen(Section& web, const WebSettings& settings) {
  if (settings.heartbeat_listen.empty() || !web.given("heartbeat_listen")) return;
  std::string mistake = listen_mistake(settings.heartbeat_listen);
  if (mistake.empty() && settings.heartbeat_listen == settings.listen) {
    mistake =
        "this is the address of \"listen\", which takes heartbeats too; give another, or remove "
        "the key";
  }
  if (!mistake.empty()) web.error("heartbeat_listen", std::move(mistake));
}

WebSettings read_web(Section web) {
  WebSettings out;
  out.listen = web.text("listen", out.listen);
  if (!web.given("listen") && web.keys()->node && web.keys()->node->find("listen")) out.listen = "";
  out.read_token = read_token(web, "read_token");
  out.admin_token = read_token(web, "admin_token");
  out.heartbeat_listen = web.text("heartbeat_listen");
  if (web.node("tls") != nullptr) web.error("tls", "\"tls\" is not supported yet; remove it");
  check_listen(web, out);
  check_heartbeat_listen(web, out);
  return out;
}

unsigned read_number(Section& file, std::string_view key, unsigned fallback, std::int64_t most) {
  return static_cast<unsigned>(file.integer(key, fallback, {1, most}));
}

}  // namespace

Section& sole(Loading& loading, std::vector<Section>& files, std::string_view key) {
  Section* found = nullptr;
  for (Section& file : files) {
    file.node(key);
    const Entry* entry = file.keys()->node->find(key);
    if (entry == nullptr) continue;
    if (found == nullptr) {
      found = &file;
      continue;
    }
    const Entry* first = found->keys()->node->find(key);
    loading.problems.error(entry->place,
                           "\"" + std::string(key) + "\" is given in two files, first at " +
                               loading.sources.describe(first->place) + "; one may give it");
  }
  return found == nullptr ? files.front() : *found;
}

WebSettings read_web_settings(Loading& loading, std::vector<Section>& files) {
  return read_web(sole(loading, files, "web").child("web"));
}

void read_daemon(Loading& loading, std::vector<Section>& files, Config& config) {
  const auto file = [&](std::string_view key) -> Section& { return sole(loading, files, key); };
  config.instance = read_instance(file("instance"));
  config.state_dir = read_state_dir(file("state_dir"));
  const Section log = file("log").child("log");
  config.log = read_log(log);
  const Section web = file("web").child("web");
  config.web = read_web(web);
  config.probe_threads = read_number(file("probe_threads"), "probe_threads", 1, 64);
  config.storm_threshold = read_number(file("storm_threshold"), "storm_threshold", 20, 1'000'000);
  if (!loading.record) return;
  Shown& out = loading.document;
  out.add("instance", Shown::of(escape_dollars(config.instance)));
  out.add("state_dir", Shown::of(escape_dollars(config.state_dir.string())));
  out.add("log", Shown::of_keys(log.keys()));
  out.add("web", Shown::of_keys(web.keys()));
  out.add("probe_threads", Shown::of(std::to_string(config.probe_threads)));
  out.add("storm_threshold", Shown::of(std::to_string(config.storm_threshold)));
}

}  // namespace tocsin
