// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The journal, by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram is an entry,
// its fields are FIELD=value lines, or the field's name, the value's length in eight bytes and the
// value where that holds line breaks. So whatever a value holds, it stays one value. The thread is
// the field TOCSIN_THREAD: `journalctl TOCSIN_THREAD=web-01` shows one as a conversation.
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/local_datagram.h"
#include "notify/notifier.h"
#include "notify/severity.h"
#include "notify/types.h"
#include "notify/wording.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestPath = 107;  // of a unix socket
constexpr std::size_t kLongestValue = 1000;
constexpr std::size_t kLongestText = 64 * 1024;

struct JournaldSettings {
  std::string socket;
  std::string identifier;
  Wording wording;
};

void add_field(std::string& entry, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  entry += name;
  if (value.find('\n') == std::string_view::npos) {
    entry.append("=").append(value).append("\n");
    return;
  }
  entry += '\n';
  for (unsigned byte = 0; byte < 8; ++byte) {
    entry += static_cast<char>((static_cast<std::uint64_t>(value.size()) >> (8 * byte)) & 0xFFU);
  }
  entry.append(value).append("\n");
}

class Journald final : public Notifier {
 public:
  explicit Journald(JournaldSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    const LocalSent sent = send_local(settings_.socket, entry_of(delivery), true);
    Outcome outcome;
    outcome.reason = sent.text;
    if (sent.error == ENOENT || sent.error == ECONNREFUSED) {
      outcome.reason += ": does systemd's journal run here?";
    }
    if (sent.error == 0) outcome.what = Outcome::What::sent;
    if (sent.error == EACCES || sent.error == EPERM || sent.error == EPROTOTYPE) {
      outcome.what = Outcome::What::rejected;
    }
    co_return outcome;
  }

  Pace pace() const override { return {"journald:" + settings_.socket, Millis{0}, false, false}; }
  std::string sink() const override { return "unix:" + settings_.socket; }

 private:
  std::string entry_of(const Delivery& delivery) const {
    const Notification& notification = delivery.notification;
    const Message& message = *notification.message;
    const auto shown = [](const std::string& value) { return printable(value, kLongestValue); };
    std::string entry;
    const std::string text =
        printable_lines(joined(words_of(delivery, settings_.wording)), kLongestText);
    add_field(entry, "MESSAGE", text);
    add_field(entry, "PRIORITY", std::to_string(static_cast<int>(severity_of(message))));
    add_field(entry, "SYSLOG_IDENTIFIER", settings_.identifier);
    add_field(entry, "TOCSIN_ID", shown(notification.uid));
    add_field(entry, "TOCSIN_KIND", to_string(message.kind));
    add_field(entry, "TOCSIN_THREAD", shown(notification.thread_key));
    add_field(entry, "TOCSIN_CHECK", shown(message.check));
    add_field(entry, "TOCSIN_STATE", to_string(message.to));
    add_field(entry, "TOCSIN_TARGET", shown(message.target));
    add_field(entry, "TOCSIN_REASON", shown(message.reason));
    add_field(entry, "TOCSIN_INSTANCE", shown(message.instance));
    if (message.incident > 0) {
      add_field(entry, "TOCSIN_INCIDENT", std::to_string(message.incident));
    }
    return entry;
  }

  JournaldSettings settings_;
};

std::shared_ptr<const Notifier> parse_journald(Settings& settings) {
  JournaldSettings journald;
  journald.socket = settings.text("socket", "/run/systemd/journal/socket");
  if (!journald.socket.starts_with('/') || journald.socket.size() > kLongestPath) {
    settings.error("socket", "socket is the absolute path of journald's socket");
  }
  journald.identifier = settings.text("identifier", "tocsin");
  if (journald.identifier.empty() || journald.identifier.size() > 100 ||
      printable(journald.identifier, 100) != journald.identifier) {
    settings.error("identifier", "identifier is a word of at most 100 characters");
  }
  journald.wording = parse_wording(settings);
  return std::make_shared<Journald>(std::move(journald));
}

}  // namespace

const NotifierType kJournaldNotifier{
    "journald", "", "the journal: a thread is the field TOCSIN_THREAD", parse_journald};

}  // namespace tocsin
