// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/local_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr int kLookMs = 20;
constexpr std::size_t kLargest = 1 << 20;

std::string read_sealed(int file) {
  constexpr int kWanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if ((fcntl(file, F_GET_SEALS) & kWanted) != kWanted) return "not sealed";
  struct stat found {};
  fstat(file, &found);
  std::string out(static_cast<std::size_t>(found.st_size), '\0');
  const ssize_t got = pread(file, out.data(), out.size(), 0);
  out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return out;
}

}  // namespace

LocalSink::LocalSink(const std::string& path)
    : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(socket_);
    throw std::runtime_error("cannot bind " + path);
  }
  thread_ = std::thread([this] { run(); });
}

LocalSink::~LocalSink() {
  stopping_ = true;
  thread_.join();
  close(socket_);
}

std::vector<std::string> LocalSink::datagrams() {
  const std::lock_guard lock(mutex_);
  while (take()) continue;
  return datagrams_;
}

void LocalSink::run() {
  while (!stopping_) {
    pollfd waiting{socket_, POLLIN, 0};
    if (poll(&waiting, 1, kLookMs) <= 0) continue;
    const std::lock_guard lock(mutex_);
    take();
  }
}

// With the mutex held. False if nothing waits.
bool LocalSink::take() {
  std::string bytes(kLargest, '\0');
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(socket_, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0) return false;
  bytes.resize(static_cast<std::size_t>(got));
  if (const cmsghdr* const header = CMSG_FIRSTHDR(&message)) {
    int file = -1;
    std::memcpy(&file, CMSG_DATA(header), sizeof file);
    bytes = bytes.empty() ? read_sealed(file) : "a file and a payload";
    close(file);
    ++files_;
  }
  datagrams_.push_back(std::move(bytes));
  return true;
}

namespace {

// What is left of a message to be read.
class SyslogReader {
 public:
  explicit SyslogReader(const std::string& text) : text_(text) {}

  std::string rest() const { return text_.substr(at_); }
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void expect(char c) {
    if (next() != c) fail(std::string("expected ") + c);
    ++at_;
  }
  // Printable ASCII up to one of the ends.
  std::string word(std::size_t most, const std::string& ends) {
    const std::size_t begin = at_;
    while (next() > ' ' && next() <= '~' && ends.find(next()) == std::string::npos) ++at_;
    if (at_ == begin || at_ - begin > most) fail("no word");
    return text_.substr(begin, at_ - begin);
  }
  std::string quoted() {
    expect('"');
    std::string out;
    while (next() != '"') {
      if (next() == ']' || next() == '\0') fail("an unescaped ]");
      if (next() == '\\') {
        ++at_;
        if (std::string("\"\\]").find(next()) == std::string::npos) fail("escaped for nothing");
      }
      out += text_[at_++];
    }
    ++at_;
    return out;
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("at " + std::to_string(at_) + ": " + what + " in " + text_);
  }

 private:
  const std::string& text_;
  std::size_t at_ = 0;
};

void check_time(const SyslogReader& reader, const std::string& time) {
  const std::string shape = "dddd-dd-ddTdd:dd:dd.dddZ";
  bool fine = time.size() == shape.size();
  for (std::size_t i = 0; fine && i < shape.size(); ++i) {
    fine = shape[i] == 'd' ? time[i] >= '0' && time[i] <= '9' : time[i] == shape[i];
  }
  if (!fine) reader.fail("no time");
}

}  // namespace

SyslogParts read_rfc5424(const std::string& message) {
  SyslogParts out;
  SyslogReader reader(message);
  reader.expect('<');
  out.priority = std::stoi(reader.word(3, ">"));
  if (out.priority > 191) reader.fail("priority");
  reader.expect('>');
  reader.expect('1');
  const auto field = [&](std::size_t most) {
    reader.expect(' ');
    return reader.word(most, "");
  };
  out.time = field(32);
  check_time(reader, out.time);
  out.host = field(255);
  out.tag = field(48);
  out.pid = field(128);
  out.kind = field(32);
  reader.expect(' ');
  if (reader.next() == '-') {
    reader.expect('-');
  } else {
    reader.expect('[');
    out.data_id = reader.word(32, "=]\"");
    while (reader.next() == ' ') {
      reader.expect(' ');
      const std::string name = reader.word(32, "=]\"");
      reader.expect('=');
      out.data[name] = reader.quoted();
    }
    reader.expect(']');
  }
  reader.expect(' ');
  out.text = reader.rest();
  if (!is_valid_utf8(out.text) || out.text.find_first_of("\r\n\0") != std::string::npos) {
    reader.fail("no line of UTF-8");
  }
  return out;
}

std::multimap<std::string, std::string> read_journal_entry(const std::string& entry) {
  std::multimap<std::string, std::string> out;
  std::size_t at = 0;
  const auto fail = [&](const std::string& what) {
    throw std::runtime_error("at " + std::to_string(at) + ": " + what);
  };
  while (at < entry.size()) {
    const auto end = entry.find_first_of("=\n", at);
    if (end == std::string::npos) fail("no field");
    const std::string name = entry.substr(at, end - at);
    const bool fine =
        !name.empty() && name.size() <= 64 && name[0] >= 'A' && name[0] <= 'Z' &&
        name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
    if (!fine) fail("no field's name: " + printable(name, 80));
    at = end + 1;
    std::size_t size = 0;
    if (entry[end] == '=') {
      const auto line = entry.find('\n', at);
      if (line == std::string::npos) fail("no line's end");
      size = line - at;
    } else {
      if (at + 8 > entry.size()) fail("no length");
      for (std::size_t i = 8; i-- > 0;) {
        size = size << 8U | static_cast<unsigned char>(entry[at + i]);
      }
      at += 8;
    }
    if (size > entry.size() - at) fail("a length beyond the end");
    out.emplace(name, entry.substr(at, size));
    at += size;
    if (at >= entry.size() || entry[at] != '\n') fail("no end of the field");
    ++at;
  }
  return out;
}

}  // namespace tocsin
