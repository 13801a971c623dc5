// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What the server said, and to which command, libcurl tells by its debug callback only; that is
// where `command` and `words` come from. The session says when it has its answer (`answered`)
// before it says QUIT: a server that hangs then has the mail all the same.
//
// Trust, and the words for what is wrong with a certificate, are those of every HTTP transfer
// (curl_tls.h, curl_error.h), with a loop of the session's own to hold the issuers.
#include "net/smtp_session.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "net/curl_error.h"
#include "net/errno_text.h"
#include "util/text.h"

namespace tocsin {
namespace {

// Of one reply, and of all that a server says in a session.
constexpr std::size_t kLongestWords = 2000;
constexpr std::size_t kMostSaid = 256 * 1024;
// A reply of several lines is one until its last line: "250-…", then "250 …" (RFC 5321, 4.2.1).
constexpr std::size_t kCodeDigits = 3;

SteadyTime steady_now() noexcept {
  return std::chrono::steady_clock::now();
}

Millis left_until(SteadyTime deadline) noexcept {
  return std::chrono::duration_cast<Millis>(deadline - steady_now());
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// The code of a reply's line; 0 if it is none.
int code_of(std::string_view line) noexcept {
  if (line.size() < kCodeDigits || !std::all_of(line.begin(), line.begin() + 3, is_digit)) return 0;
  int code = 0;
  std::from_chars(line.data(), line.data() + kCodeDigits, code);
  return code;
}

// "MAIL FROM:<a@b>" is MAIL FROM; what goes to AUTH after its first line is AUTH too.
std::string command_in(std::string_view line, const std::string& before) {
  for (const char* known : {"EHLO", "HELO", "STARTTLS", "AUTH", "MAIL FROM", "RCPT TO", "DATA"}) {
    if (line.starts_with(known)) return known;
  }
  return before;
}

}  // namespace

static_assert(CURL_ERROR_SIZE == 256);

void SmtpSession::FreeList::operator()(curl_slist* list) const noexcept {
  curl_slist_free_all(list);
}

struct SmtpSession::Glue {
  static int on_debug(CURL*, curl_infotype what, char* data, std::size_t size, void* self) {
    auto& session = *static_cast<SmtpSession*>(self);
    std::string_view text(data, size);
    if (what == CURLINFO_HEADER_OUT) session.on_command(text);
    if (what == CURLINFO_HEADER_IN) session.on_reply(text);
    return 0;
  }

  static std::size_t on_read(char* into, std::size_t, std::size_t room, void* self) {
    auto& session = *static_cast<SmtpSession*>(self);
    const std::string_view rest = std::string_view(session.mail.data).substr(session.given_);
    const std::size_t size = std::min(room, rest.size());
    std::memcpy(into, rest.data(), size);
    session.given_ += size;
    session.all_given_ = session.given_ == session.mail.data.size();
    return size;
  }

  // Replies come as headers as well. A server that talks without end is left.
  static std::size_t on_header(const char*, std::size_t, std::size_t size, void* self) {
    auto& session = *static_cast<SmtpSession*>(self);
    session.said_ += size;
    return session.said_ > kMostSaid ? CURL_WRITEFUNC_ERROR : size;
  }

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* to) {
    const int descriptor =
        socket(to->family, to->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->protocol);
    if (descriptor < 0) static_cast<SmtpSession*>(self)->own_error_ = errno;
    return descriptor < 0 ? CURL_SOCKET_BAD : descriptor;
  }

  static CURLcode on_tls(CURL*, void* context, void* self) {
    auto& tls = static_cast<SmtpSession*>(self)->tls_;
    return static_cast<CURLcode>(tls.prepare(static_cast<ssl_ctx_st*>(context)));
  }
};

void SmtpSession::on_command(std::string_view line) {
  quitting_ = quitting_ || line.starts_with("QUIT");
  if (quitting_) return;
  command_ = command_in(line, command_);
  words_.clear();
  code_ = 0;
}

void SmtpSession::on_reply(std::string_view line) {
  if (quitting_) return;
  line = trim(line);
  if (code_ != 0) words_.clear();  // the one before was complete
  code_ = 0;
  if (all_given_) command_ = "the message";
  const int code = code_of(line);
  const bool goes_on = line.size() > kCodeDigits && line[kCodeDigits] == '-';
  if (words_.size() < kLongestWords) {
    const std::string_view more =
        words_.empty() || line.size() <= kCodeDigits ? line : line.substr(kCodeDigits + 1);
    words_ += (words_.empty() ? "" : " ") + std::string(more);
  }
  if (goes_on || code == 0) return;
  code_ = code;
  if (command_ != "RCPT TO") return;
  if (code / 100 != 2 && replies_ < mail.to.size()) {
    answer.not_for.emplace_back(mail.to[replies_], words_);
  }
  ++replies_;
}

bool SmtpSession::add_recipients() {
  for (const std::string& one : mail.to) {
    curl_slist* const longer = curl_slist_append(to_.get(), ("<" + one + ">").c_str());
    if (longer == nullptr) return false;
    static_cast<void>(to_.release());
    to_.reset(longer);
  }
  return true;
}

void SmtpSession::configure_tls(void* easy) {
  request_.ca_file = server.ca_file;
  exchange_.emplace(request_, response_);
  tls_.loop = &loop_;
  tls_.exchange = &*exchange_;
  // The issuers are CurlTls's, as for every transfer.
  curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &Glue::on_tls);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this);
  if (server.tls == SmtpServer::Tls::starttls) {
    curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  }
}

void SmtpSession::configure(void* easy) {
  const bool v6 = server.host.find(':') != std::string::npos;
  const std::string scheme = server.tls == SmtpServer::Tls::tls ? "smtps://" : "smtp://";
  const std::string host = v6 ? "[" + server.host + "]" : server.host;
  const std::string url = scheme + host + ":" + std::to_string(server.port) + "/" + server.hello;
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  if (!connect_to.empty()) {
    route_.reset(curl_slist_append(nullptr, connect_to.c_str()));
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, route_.get());
  }
  const auto left = std::max<Millis::rep>(left_until(deadline).count(), 1);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left));
  if (connect_limit > Millis::zero()) {
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_limit.count()));
  }
  configure_tls(easy);
  if (!server.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, server.password.c_str());
    // Else it would choose Kerberos or NTLM where a server offers them, and fail by them.
    curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
  }
  curl_easy_setopt(easy, CURLOPT_MAIL_FROM, ("<" + mail.from + ">").c_str());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, to_.get());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(mail.data.size()));
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Glue::on_read);
  curl_easy_setopt(easy, CURLOPT_READDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Glue::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Glue::open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, &Glue::on_debug);
  curl_easy_setopt(easy, CURLOPT_DEBUGDATA, this);
  curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_.data());
}

void SmtpSession::run() {
  const std::unique_ptr<CURL, void (*)(CURL*)> easy(curl_easy_init(), &curl_easy_cleanup);
  if (!easy || !add_recipients()) {
    answer.error = NetError::out_of_resources;
    answer.error_text = errno_text(ENOMEM, {});
    answered.store(true, std::memory_order_release);
    return;
  }
  configure(easy.get());
  judge(easy.get(), curl_easy_perform(easy.get()));
  answered.store(true, std::memory_order_release);
  // QUIT is said here, where the connection is given up, and its answer is waited for.
}

void SmtpSession::judge(void* easy, int code) {
  if (code == CURLE_OK) {
    answer.how = SmtpAnswer::How::taken;
    return;
  }
  if (!judge_by_reply(code)) explain(easy, code);
}

// Nobody may have it: if one of them may later, that is what counts.
void SmtpSession::choose_refusal() {
  const auto is_for_now = [](const auto& one) { return one.second.starts_with('4'); };
  const auto& all = answer.not_for;
  const auto for_now = std::find_if(all.begin(), all.end(), is_for_now);
  words_ = for_now == all.end() ? all.front().second : for_now->second;
  code_ = code_of(words_);
}

// Whether the server's reply is why it ended.
bool SmtpSession::judge_by_reply(int code) {
  if (!answer.not_for.empty() && answer.not_for.size() == mail.to.size()) choose_refusal();
  if (code_ >= 400) {
    answer.how = SmtpAnswer::How::refused;
    answer.code = code_;
    answer.words = words_;
    answer.command = command_;
    return true;
  }
  if (code == CURLE_USE_SSL_FAILED) {
    answer.how = SmtpAnswer::How::no_starttls;
    return true;
  }
  if (code == CURLE_LOGIN_DENIED) {
    answer.how = SmtpAnswer::How::no_login;
    return true;
  }
  return false;
}

void SmtpSession::explain(void* easy, int code) {
  Exchange& exchange = *exchange_;
  long os_error = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
  curl_off_t connected_in = 0;
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected_in);
  connected = connected_in > 0 || said_ > 0;
  exchange.code = code;
  exchange.connected = connected;
  exchange.secured = tls_.handshakes > 0;
  exchange.connect_limit = connect_limit;
  exchange.os_error = own_error_ != 0 ? own_error_ : static_cast<int>(os_error);
  exchange.detail = error_.data();
  response_.sent = said_ > 0;
  explain_failure(exchange, {server.host, address, limit});
  answer.how = SmtpAnswer::How::failed;
  answer.error = response_.error;
  answer.error_text = response_.error_text;
  answer.in_doubt = all_given_;
  const bool strange = code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_WRITE_ERROR;
  if (strange || answer.error == NetError::protocol) {
    answer.error = NetError::protocol;
    answer.error_text = with_address("the other side does not speak SMTP", address);
  }
}

}  // namespace tocsin
