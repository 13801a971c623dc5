// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/fake_types.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "util/duration.h"

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;

class Writer {
 public:
  void add(std::string_view key, const std::string& value) {
    out_ += (out_.empty() ? "" : " ") + std::string(key) + "=" + value;
  }
  ParsedCheck parsed() const { return {nullptr, out_}; }

 private:
  std::string out_;
};

ParsedCheck parse_http(Settings& settings, Millis timeout) {
  const Text url = settings.url("url");
  if (url.empty()) settings.error("url", "http needs a url");
  settings.choice("method", {"GET", "HEAD", "POST"}, "GET");
  settings.map("headers");
  settings.text_with_secrets("body");
  settings.integer("redirects", 5, {0, 20});
  const auto expect = settings.section("expect");
  expect->list("status");
  expect->text("body_contains");
  expect->pattern("body_matches");
  expect->duration("response_time", 0ms, {1ms, timeout});
  expect->integer("certificate_days", 14, {0, 3650});
  expect->map("json");
  expect->map("header");
  return {nullptr, url.shown()};
}

ParsedCheck parse_tcp(Settings& settings, Millis) {
  const std::string address = settings.text("address");
  const std::string host = settings.text("host", address);
  settings.integer("port", 0, {1, 65535});
  settings.flag("tls", false);
  settings.text_with_secrets("send");
  settings.text("expect");
  if (host.empty()) settings.error("tcp needs a host");
  return {nullptr, host};
}

ParsedCheck parse_process(Settings& settings, Millis) {
  const std::string name = settings.text("name");
  settings.pattern("command");
  settings.text("user");
  settings.text("pid_file");
  settings.integer("min", 1, {0, 100'000});
  if (settings.has("max")) settings.integer("max", 1, {0, 100'000});
  if (name == "throw") throw std::runtime_error("no process is called that");
  return {nullptr, name};
}

ParsedCheck parse_everything(Settings& settings, Millis timeout) {
  Writer out;
  const Text with = settings.text_with_secrets("with");
  const Text url = settings.url("url", {"https", "ws"});
  out.add("has", settings.has("text") ? "yes" : "no");
  out.add("text", settings.text("text", "none"));
  out.add("with", with.value());
  out.add("with_shown", with.shown());
  out.add("secret", settings.secret("secret").reveal());
  out.add("url", url.value());
  out.add("url_shown", url.shown());
  out.add("flag", settings.flag("flag", true) ? "true" : "false");
  out.add("integer", std::to_string(settings.integer("integer", 7, {-10, 10})));
  out.add("duration", write_duration(settings.duration("duration", 1s, {0ms, 1h})));
  out.add("size", std::to_string(settings.size("size", 1024, {1, 1 << 20U})));
  out.add("choice", settings.choice("choice", {"red", "green"}, "red"));
  out.add("pattern", settings.pattern("pattern"));
  for (const std::string& item : settings.list("list")) out.add("item", item);
  for (const auto& [key, value] : settings.map("map")) {
    out.add("map." + key, value.value());
    out.add("map_shown." + key, value.shown());
  }
  const auto section = settings.section("section");
  out.add("section.inner", section->text("inner", "deep"));
  out.add("section.more.most", section->section("more")->text("most"));
  for (const auto& each : settings.sections("sections")) out.add("each", each->text("of"));
  if (settings.text("text") == "loud") settings.warn("text", "that is loud");
  out.add("timeout", write_duration(timeout));
  return out.parsed();
}

constexpr std::array<CheckType, 4> kChecks{
    {{"everything", "list", "every getter", parse_everything},
     {"http", "url", "a URL", parse_http},
     {"process", "name", "a process", parse_process},
     {"tcp", "address", "a port", parse_tcp}}};

std::shared_ptr<const Notifier> parse_google_chat(Settings& settings) {
  if (settings.secret("webhook_url").empty())
    settings.error("webhook_url", "google_chat needs a webhook_url");
  return nullptr;
}

std::shared_ptr<const Notifier> parse_console(Settings& settings) {
  settings.flag("colours", true);
  return nullptr;
}

std::shared_ptr<const Notifier> parse_pager(Settings& settings) {
  const Text url = settings.url("url");
  settings.secret("token");
  if (settings.has("retries")) settings.integer("retries", 1, {1, 9});
  if (url.empty()) settings.error("url", "pager needs a url");
  return nullptr;
}

constexpr std::array<NotifierType, 3> kNotifiers{
    {{"console", "", "the terminal", parse_console},
     {"google_chat", "webhook_url", "a space", parse_google_chat},
     {"pager", "url", "a pager", parse_pager}}};

}  // namespace

CheckTypes fake_checks() {
  return kChecks;
}
NotifierTypes fake_notifiers() {
  return kNotifiers;
}

Loaded load(const std::filesystem::path& file, bool resolve_secrets) {
  return load_config(file, fake_checks(), fake_notifiers(), {resolve_secrets});
}

std::string print(const std::filesystem::path& file, bool resolve_secrets) {
  return print_config(file, fake_checks(), fake_notifiers(), {resolve_secrets});
}

std::string lines(const Loaded& loaded, const std::filesystem::path& folder) {
  const std::string prefix = folder.string() + "/";
  std::string out;
  for (const Problem& problem : loaded.problems) {
    std::string line = problem.text();
    for (std::size_t at = line.find(prefix); at != std::string::npos; at = line.find(prefix))
      line.erase(at, prefix.size());
    out += line + "\n";
  }
  return out;
}

std::filesystem::path fixtures() {
  return std::filesystem::path(TOCSIN_SOURCE_DIR) / "tests" / "config";
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "tocsin-config-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = name;
}

Folder::~Folder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::filesystem::path Folder::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path file = path_ / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

Environment::Environment(const char* name, const char* value) : name_(name) {
  const char* before = std::getenv(name);
  was_set_ = before != nullptr;
  if (was_set_) before_ = before;
  value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
}

Environment::~Environment() {
  was_set_ ? ::setenv(name_.c_str(), before_.c_str(), 1) : ::unsetenv(name_.c_str());
}

}  // namespace tocsin::test
