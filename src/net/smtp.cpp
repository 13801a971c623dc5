// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// One mail is one libcurl transfer of its own, run to its end on a worker's thread: mails are few,
// and a mail server may take its time. The session owns all that it uses, since its thread may
// outlive who waits for it. What the server said, and to which command, libcurl tells by its debug
// callback only; that is where `command` and `words` come from.
//
// The session says when it has its answer (`answered`) before it says QUIT: a server that hangs
// then has the mail all the same.
//
// Trust, and the words for what is wrong with a certificate, are those of every HTTP transfer
// (curl_tls.h, curl_error.h), with a loop of the session's own to hold the issuers.
#include "net/smtp.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <atomic>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "net/curl_engine.h"
#include "net/curl_error.h"
#include "net/curl_tls.h"
#include "net/errno_text.h"
#include "net/resolver.h"
#include "net/workers.h"
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

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

// One connection to one address. Belongs to the worker's thread until `answered`.
struct Session {
  SmtpServer server;
  SmtpMail mail;
  std::string connect_to;  // CURLOPT_CONNECT_TO's entry; empty: the host is an address
  std::string address;     // for people
  SteadyTime deadline{};
  Millis connect_limit{0};
  Millis limit{0};  // for people: the time there was

  SmtpAnswer answer;
  std::atomic<bool> answered{false};
  bool connected = false;

  void run();

 private:
  struct Glue;
  void configure(CURL* easy);
  void configure_tls(CURL* easy);
  bool add_recipients();
  void on_command(std::string_view line);
  void on_reply(std::string_view line);
  void judge(CURL* easy, CURLcode code);
  void explain(CURL* easy, CURLcode code);
  void choose_refusal();
  bool judge_by_reply(CURLcode code);

  asio::io_context loop_{1};  // never run: it holds the trusted issuers
  HttpRequest request_;
  HttpResponse response_;
  std::optional<Exchange> exchange_;
  CurlTls tls_;
  std::unique_ptr<curl_slist, FreeList> to_;
  std::unique_ptr<curl_slist, FreeList> route_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  int own_error_ = 0;

  std::string command_ = "the connection";
  std::string words_;        // of the reply that is being read, or was read last
  int code_ = 0;             // of that reply, once it is complete
  std::size_t said_ = 0;     // bytes that the server has said
  std::size_t replies_ = 0;  // to RCPT TO
  std::size_t given_ = 0;    // bytes of the mail that libcurl has taken
  bool all_given_ = false;
  bool quitting_ = false;  // what is said from now on says nothing about the mail
};

struct Session::Glue {
  static int on_debug(CURL*, curl_infotype what, char* data, std::size_t size, void* self) {
    auto& session = *static_cast<Session*>(self);
    std::string_view text(data, size);
    if (what == CURLINFO_HEADER_OUT) session.on_command(text);
    if (what == CURLINFO_HEADER_IN) session.on_reply(text);
    return 0;
  }

  static std::size_t on_read(char* into, std::size_t, std::size_t room, void* self) {
    auto& session = *static_cast<Session*>(self);
    const std::string_view rest = std::string_view(session.mail.data).substr(session.given_);
    const std::size_t size = std::min(room, rest.size());
    std::memcpy(into, rest.data(), size);
    session.given_ += size;
    session.all_given_ = session.given_ == session.mail.data.size();
    return size;
  }

  // Replies come as headers as well. A server that talks without end is left.
  static std::size_t on_header(const char*, std::size_t, std::size_t size, void* self) {
    auto& session = *static_cast<Session*>(self);
    session.said_ += size;
    return session.said_ > kMostSaid ? CURL_WRITEFUNC_ERROR : size;
  }

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* to) {
    const int descriptor =
        socket(to->family, to->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->protocol);
    if (descriptor < 0) static_cast<Session*>(self)->own_error_ = errno;
    return descriptor < 0 ? CURL_SOCKET_BAD : descriptor;
  }

  static CURLcode on_tls(CURL*, void* context, void* self) {
    auto& tls = static_cast<Session*>(self)->tls_;
    return static_cast<CURLcode>(tls.prepare(static_cast<ssl_ctx_st*>(context)));
  }
};

void Session::on_command(std::string_view line) {
  quitting_ = quitting_ || line.starts_with("QUIT");
  if (quitting_) return;
  command_ = command_in(line, command_);
  words_.clear();
  code_ = 0;
}

void Session::on_reply(std::string_view line) {
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

bool Session::add_recipients() {
  for (const std::string& one : mail.to) {
    curl_slist* const longer = curl_slist_append(to_.get(), ("<" + one + ">").c_str());
    if (longer == nullptr) return false;
    static_cast<void>(to_.release());
    to_.reset(longer);
  }
  return true;
}

void Session::configure_tls(CURL* easy) {
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

void Session::configure(CURL* easy) {
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

void Session::run() {
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

void Session::judge(CURL* easy, CURLcode code) {
  if (code == CURLE_OK) {
    answer.how = SmtpAnswer::How::taken;
    return;
  }
  if (!judge_by_reply(code)) explain(easy, code);
}

// Nobody may have it: if one of them may later, that is what counts.
void Session::choose_refusal() {
  const auto is_for_now = [](const auto& one) { return one.second.starts_with('4'); };
  const auto& all = answer.not_for;
  const auto for_now = std::find_if(all.begin(), all.end(), is_for_now);
  words_ = for_now == all.end() ? all.front().second : for_now->second;
  code_ = code_of(words_);
}

// Whether the server's reply is why it ended.
bool Session::judge_by_reply(CURLcode code) {
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

void Session::explain(CURL* easy, CURLcode code) {
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

// --- on the loop
// ---------------------------------------------------------------------------------

struct Found {
  std::vector<asio::ip::address> addresses;
  bool literal = false;
};

std::string entry_for(const asio::ip::address& address) {
  // Host and port it stands for (both: any), then the address and the port (the same).
  return address.is_v6() ? "::[" + address.to_string() + "]:" : "::" + address.to_string() + ":";
}

SmtpAnswer failure(NetError error, std::string text) {
  SmtpAnswer answer;
  answer.error = error;
  answer.error_text = std::move(text);
  return answer;
}

// What there is to say of a session that was given up, or never begun.
SmtpAnswer of_unfinished(Worked worked, const std::string& address, Millis limit) {
  if (worked == Worked::no_worker) {
    return failure(NetError::out_of_resources, "every worker thread is held by something else");
  }
  SmtpAnswer answer =
      failure(NetError::timeout, with_address("no answer within " + show_limit(limit), address));
  answer.in_doubt = true;  // its thread may still hand the mail over
  return answer;
}

bool is_about_connecting(NetError error) noexcept {
  return error == NetError::refused || error == NetError::unreachable ||
         error == NetError::connect_timeout;
}

}  // namespace

asio::awaitable<SmtpAnswer> send_mail(SmtpServer server, SmtpMail mail, SmtpMeans means,
                                      SteadyTime deadline) {
  const Millis limit = Millis{(left_until(deadline).count() + 5) / 10 * 10};
  const Resolver::Answer found = co_await means.resolver.resolve(server.host, deadline);
  if (found.error != NetError::none) co_return failure(found.error, found.error_text);
  const bool literal =
      found.addresses.size() == 1 && found.addresses.front().to_string() == server.host;
  // libcurl ends at the deadline by itself; a little more is for its telling.
  const SteadyTime last = deadline + Millis{500};
  SmtpAnswer answer = failure(NetError::timeout, "no time was left for it");
  std::string failures;
  for (std::size_t i = 0; i < found.addresses.size() && left_until(deadline) > Millis{0}; ++i) {
    const auto session = std::make_shared<Session>();
    session->server = server;
    session->mail = mail;
    session->address = show_address(found.addresses[i], server.port);
    if (!literal) session->connect_to = entry_for(found.addresses[i]);
    session->deadline = deadline;
    session->limit = limit;
    const auto rest = static_cast<Millis::rep>(found.addresses.size() - i);
    if (rest > 1) session->connect_limit = left_until(deadline) / rest;
    std::function<void()> job = [session] { session->run(); };
    const Worked worked = co_await means.workers.run(0, job, last);
    const bool done = worked == Worked::done || session->answered.load(std::memory_order_acquire);
    answer = done ? session->answer : of_unfinished(worked, session->address, limit);
    if (!done || answer.how != SmtpAnswer::How::failed) co_return answer;
    if (session->connected || !is_about_connecting(answer.error)) co_return answer;
    failures += (failures.empty() ? "" : "; ") + answer.error_text;
  }
  if (!failures.empty()) answer.error_text = failures;
  co_return answer;
}

}  // namespace tocsin
