// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/smtp_stand_in.h"

#include <Poco/Base64Decoder.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestCommand = 512;  // RFC 5321, 4.5.3.1.4
constexpr std::size_t kLongestLine = 998;

// With its CR LF; less where the other side has gone.
std::string read_line(RawConnection& connection) {
  std::string line;
  while (!line.ends_with('\n')) {
    const std::string byte = connection.read_exactly(1);
    if (byte.empty()) break;
    line += byte;
  }
  return line;
}

std::string decoded(const std::string& text) {
  std::istringstream in(text);
  Poco::Base64Decoder decoder(in);
  return {std::istreambuf_iterator<char>(decoder), {}};
}

std::string read_encoded_words(const std::string& value) {
  constexpr std::string_view kBegin = "=?UTF-8?B?";
  std::string out;
  std::size_t at = 0;
  bool after_word = false;
  while (at < value.size()) {
    const std::size_t begin = value.find(kBegin, at);
    const std::size_t end = begin == std::string::npos ? begin : value.find("?=", begin + 10);
    const std::string between = value.substr(at, begin == std::string::npos ? begin : begin - at);
    // White space between two encoded words is not theirs (RFC 2047, 6.2).
    const bool only_space = trim(between).empty();
    if (!(after_word && only_space && end != std::string::npos)) out += between;
    if (end == std::string::npos) break;
    out += decoded(value.substr(begin + kBegin.size(), end - begin - kBegin.size()));
    at = end + 2;
    after_word = true;
  }
  return out;
}

// What RFC 5322 wants of a mail, in a word about what is wrong; empty if nothing is.
std::string judge_mail(const std::string& data) {
  std::size_t at = 0;
  while (at < data.size()) {
    const std::size_t end = data.find("\r\n", at);
    const std::string line = data.substr(at, end == std::string::npos ? end : end - at);
    if (line.size() > kLongestLine) return "a line of more than 998 bytes";
    if (line.find_first_of("\r\n") != std::string::npos) return "a bare CR or LF";
    if (line.find('\0') != std::string::npos) return "a NUL";
    const auto is_8bit = [](char c) { return static_cast<unsigned char>(c) > 0x7f; };
    if (std::any_of(line.begin(), line.end(), is_8bit)) return "8-bit data";
    if (end == std::string::npos) return "no CR LF at its end";
    at = end + 2;
  }
  const std::string head = "\r\n" + data.substr(0, data.find("\r\n\r\n"));
  for (const std::string name : {"Date", "From", "Message-ID", "Subject", "To"}) {
    const std::string field = "\r\n" + name + ":";
    const auto first = head.find(field);
    if (first == std::string::npos) return "no " + name;
    if (head.find(field, first + 1) != std::string::npos) return "two of " + name;
  }
  return {};
}

bool is_path(const std::string& text) {
  return text.size() > 4 && text.starts_with('<') && text.ends_with('>') &&
         text.find('@') != std::string::npos && text.find_first_of(" \r\n<>", 1) == text.size() - 1;
}

}  // namespace

std::string StoredMail::raw_header(std::string_view name) const {
  const std::string head = "\r\n" + data.substr(0, data.find("\r\n\r\n") + 2);
  const auto begin = head.find("\r\n" + std::string(name) + ":");
  if (begin == std::string::npos) return {};
  std::size_t end = begin;
  do {
    end = head.find("\r\n", end + 2);
  } while (end != std::string::npos && end + 2 < head.size() &&
           (head[end + 2] == ' ' || head[end + 2] == '\t'));
  return head.substr(begin + name.size() + 3, end - begin - name.size() - 3);
}

std::string StoredMail::header(std::string_view name) const {
  std::string value = raw_header(name);
  for (auto at = value.find("\r\n"); at != std::string::npos; at = value.find("\r\n")) {
    value.erase(at, 2);
  }
  return std::string(trim(read_encoded_words(value)));
}

std::string StoredMail::part(std::string_view type) const {
  const auto begin = data.find("Content-Type: " + std::string(type) + ";");
  if (begin == std::string::npos) return {};
  const auto body = data.find("\r\n\r\n", begin);
  return decoded(data.substr(body + 4, data.find("\r\n--", body) - body - 4));
}

SmtpStandIn::SmtpStandIn() : SmtpStandIn(Rules{}) {}

SmtpStandIn::SmtpStandIn(Rules rules)
    : rules_(std::move(rules)),
      server_(std::make_unique<RawServer>([this](RawConnection& it) { serve(it); })) {}

void SmtpStandIn::answer(const std::string& command, const std::string& reply) {
  const std::lock_guard lock(mutex_);
  script_.erase(command);
  if (!reply.empty()) script_[command] = reply;
}

std::vector<StoredMail> SmtpStandIn::mails() const {
  const std::lock_guard lock(mutex_);
  return mails_;
}

std::vector<std::string> SmtpStandIn::complaints() const {
  const std::lock_guard lock(mutex_);
  return complaints_;
}

std::vector<std::string> SmtpStandIn::commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}

std::optional<std::string> SmtpStandIn::scripted(const std::string& command) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [begin, reply] : script_) {
    if (command.starts_with(begin)) return reply;
  }
  return std::nullopt;
}

void SmtpStandIn::complain(const std::string& what) {
  const std::lock_guard lock(mutex_);
  complaints_.push_back(what);
}

namespace {

std::string login_of(RawConnection& connection, const std::string& line) {
  if (line.starts_with("AUTH PLAIN ")) return decoded(line.substr(11));
  if (line == "AUTH PLAIN") {
    connection.send("334 \r\n");
    return decoded(std::string(trim(read_line(connection))));
  }
  if (!line.starts_with("AUTH LOGIN")) return {};
  std::string out;
  if (line.size() > 11) {
    out = std::string(1, '\0') + decoded(line.substr(11));
  } else {
    connection.send("334 VXNlcm5hbWU6\r\n");
    out = std::string(1, '\0') + decoded(std::string(trim(read_line(connection))));
  }
  connection.send("334 UGFzc3dvcmQ6\r\n");
  return out + std::string(1, '\0') + decoded(std::string(trim(read_line(connection))));
}

// The lines up to the lone dot, the doubled dots undone.
std::string read_data(RawConnection& connection) {
  std::string out;
  while (true) {
    std::string line = read_line(connection);
    if (line == ".\r\n" || !line.ends_with('\n')) return out;
    out += line.starts_with('.') ? line.substr(1) : line;
  }
}

}  // namespace

// One connection: each command's answer.
struct SmtpStandIn::Dialogue {
  SmtpStandIn& house;
  RawConnection& connection;
  bool greeted = false;
  bool logged_in = false;
  bool over = false;
  StoredMail mail{};

  void say(const std::string& reply) { over = !connection.send(reply + "\r\n") || over; }
  void refuse(const std::string& reply, const std::string& why) {
    house.complain(why);
    say(reply);
  }
  void follow(const std::string& script) {
    if (script == "hang") connection.hold();
    over = script == "hang" || script == "close";
    if (!over) say(script);
  }
  void on_ehlo(const std::string& line);
  void on_auth(const std::string& line);
  void on_mail(const std::string& line);
  void on_rcpt(const std::string& line);
  void on_data(const std::string& line);
  void on_line(const std::string& line);
};

void SmtpStandIn::Dialogue::on_ehlo(const std::string& line) {
  greeted = is_valid_utf8(line) && line.size() > 5;
  const Rules& rules = house.rules_;
  const std::string auth = rules.user.empty() ? "" : "250-AUTH " + rules.mechanisms + "\r\n";
  say("250-" + rules.name + "\r\n" + auth + "250 SIZE 1000000");
}

void SmtpStandIn::Dialogue::on_auth(const std::string& line) {
  const Rules& rules = house.rules_;
  const std::string nul(1, '\0');
  logged_in =
      !rules.user.empty() && login_of(connection, line) == nul + rules.user + nul + rules.password;
  say(logged_in ? "235 2.7.0 ok" : "535 5.7.8 Authentication credentials invalid");
}

void SmtpStandIn::Dialogue::on_mail(const std::string& line) {
  const std::string path = line.substr(10, line.find(' ', 10) - 10);
  if (!greeted || !mail.from.empty()) return refuse("503 5.5.1 bad sequence", line);
  if (!house.rules_.user.empty() && !logged_in) return say("530 5.7.0 Authentication required");
  if (!is_path(path)) return refuse("501 5.1.7 bad address", line);
  mail.from = path.substr(1, path.size() - 2);
  say("250 2.1.0 ok");
}

void SmtpStandIn::Dialogue::on_rcpt(const std::string& line) {
  const std::string path = line.substr(8);
  if (mail.from.empty()) return refuse("503 5.5.1 bad sequence", line);
  if (!is_path(path)) return refuse("501 5.1.3 bad address", line);
  mail.to.push_back(path.substr(1, path.size() - 2));
  say("250 2.1.5 ok");
}

void SmtpStandIn::Dialogue::on_data(const std::string& line) {
  if (mail.to.empty()) return refuse("503 5.5.1 bad sequence", line);
  say("354 go ahead");
  mail.data = read_data(connection);
  const std::string wrong = judge_mail(mail.data);
  const auto script = house.scripted(".");
  const StoredMail whole = std::exchange(mail, {});
  if (!wrong.empty()) return refuse("554 5.6.0 " + wrong, wrong);
  if (script) return follow(*script);
  {
    const std::lock_guard lock(house.mutex_);
    house.mails_.push_back(whole);
  }
  say("250 2.0.0 queued");
}

void SmtpStandIn::Dialogue::on_line(const std::string& line) {
  if (const auto script = house.scripted(line)) return follow(*script);
  if (line.starts_with("EHLO ")) return on_ehlo(line);
  if (line.starts_with("AUTH ")) return on_auth(line);
  if (line.starts_with("MAIL FROM:")) return on_mail(line);
  if (line.starts_with("RCPT TO:")) return on_rcpt(line);
  if (line == "DATA") return on_data(line);
  if (line != "QUIT") return refuse("500 5.5.2 what?", line);
  say("221 2.0.0 bye");
  over = true;
}

void SmtpStandIn::serve(RawConnection& connection) {
  Dialogue it{*this, connection};
  if (const auto script = scripted("connection")) return it.follow(*script);
  it.say("220 " + rules_.name + " ESMTP");
  while (!it.over) {
    std::string line = read_line(connection);
    if (line.empty()) return;
    if (!line.ends_with("\r\n") || line.size() > kLongestCommand) {
      return it.refuse("500 5.5.2 no line", printable(line, 100));
    }
    line.erase(line.size() - 2);
    {
      const std::lock_guard lock(mutex_);
      commands_.push_back(line);
    }
    it.on_line(line);
  }
}

}  // namespace tocsin
