// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/curl_transfer.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "util/text.h"

namespace tocsin {
namespace {

// All header lines of an answer together. libcurl bounds a single one by 100 KB.
constexpr std::size_t kMostHeaderBytes = 128 * 1024;
constexpr std::size_t kMostHeaders = 500;
// For each transfer under way: hanging targets are many, large bodies are few.
constexpr long kBufferBytes = 4 * 1024;
// A kept connection that has been idle longer may have been closed by the other side meanwhile.
constexpr long kOldestIdleSeconds = 30;
// How long libcurl lets a connection attempt take unless told otherwise.
constexpr Millis kLibcurlConnectLimit{300'000};
// Above this, libcurl would send "Expect: 100-continue" and wait for an answer to it.
constexpr std::size_t kExpectBytes = 1'000'000;

template <typename T>
void set(CURL* easy, CURLoption option, T value) {
  curl_easy_setopt(easy, option, value);
}

Micros time_of(CURL* easy, CURLINFO info) {
  curl_off_t micros = 0;
  curl_easy_getinfo(easy, info, &micros);
  return Micros{static_cast<Micros::rep>(std::min<curl_off_t>(micros, Micros::max().count()))};
}

long number_of(CURL* easy, CURLINFO info) {
  long value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value;
}

const char* version_of(long version) noexcept {
  switch (version) {
    case CURL_HTTP_VERSION_1_0: return "1.0";
    case CURL_HTTP_VERSION_1_1: return "1.1";
    case CURL_HTTP_VERSION_2_0: return "2";
    default: return "";
  }
}

}  // namespace

static_assert(CURL_ERROR_SIZE == 256);

struct CurlTransfer::Glue {
  static std::size_t on_body(const char* data, std::size_t, std::size_t size, void* self) {
    Exchange& exchange = *static_cast<CurlTransfer*>(self)->exchange;
    HttpResponse& response = exchange.response;
    const std::size_t room = exchange.request.body_limit - response.body_size;
    const std::size_t taken = std::min(size, room);
    if (exchange.request.want_body) response.body.append(data, taken);
    response.body_size += taken;
    if (taken == size) return size;
    response.body_cut = true;
    exchange.unpacked_too_large = static_cast<CurlTransfer*>(self)->packed_;
    static_cast<CurlTransfer*>(self)->stopped_ = !exchange.unpacked_too_large;
    return CURL_WRITEFUNC_ERROR;
  }

  // A line a call. Interim answers (1xx) come before the final one: the last one's headers count.
  // What comes after the empty line are trailers.
  static std::size_t on_header(const char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    Exchange& exchange = *transfer.exchange;
    auto& headers = exchange.response.headers;
    const std::string_view line = trim({data, size});
    transfer.header_bytes_ += size;
    auto& trailers = exchange.response.trailers;
    if (transfer.header_bytes_ > kMostHeaderBytes ||
        headers.size() + trailers.size() > kMostHeaders) {
      exchange.headers_too_large = true;
      return CURL_WRITEFUNC_ERROR;
    }
    if (line.empty()) {
      transfer.in_headers_ = false;
    } else if (line.starts_with("HTTP/") && exchange.response.body_size == 0) {
      transfer.in_headers_ = true;
      headers.clear();
      if (exchange.request.want_headers) exchange.response.status_line = line;
    } else {
      transfer.on_field(line, transfer.in_headers_ ? headers : trailers);
    }
    return size;
  }

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* to) {
    const int descriptor =
        socket(to->family, to->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->protocol);
    if (descriptor < 0) static_cast<CurlTransfer*>(self)->own_error = errno;
    return descriptor < 0 ? CURL_SOCKET_BAD : descriptor;
  }

  static CURLcode on_tls(CURL*, void* context, void* self) {
    auto& tls = static_cast<CurlTransfer*>(self)->tls_;
    return static_cast<CURLcode>(tls.prepare(static_cast<ssl_ctx_st*>(context)));
  }
};

void CurlTransfer::on_field(std::string_view line, Fields& into) {
  const HttpRequest& request = exchange->request;
  const auto colon = std::min(line.find(':'), line.size());
  const auto name = trim(line.substr(0, colon));
  const auto value = trim(line.substr(std::min(colon + 1, line.size())));
  if (request.decompress && in_headers_ && !value.empty()) {
    packed_ = packed_ || to_lower(name) == "content-encoding";
  }
  if (request.want_headers) into.emplace_back(name, value);
}

void CurlTransfer::FreeList::operator()(curl_slist* list) const noexcept {
  curl_slist_free_all(list);
}

bool CurlTransfer::open() {
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return false;
  configure();
  return true;
}

void CurlTransfer::close() noexcept {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
  easy_ = nullptr;
}

// What every exchange has in common, and what the usual probe needs.
void CurlTransfer::configure() {
  set(easy_, CURLOPT_PRIVATE, this);
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  set(easy_, CURLOPT_TCP_NODELAY, 0L);  // one write asks it all: a system call less
  set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy_, CURLOPT_PROXY, "");  // whatever http_proxy says
  set(easy_, CURLOPT_NOPROXY, "");
  set(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  set(easy_, CURLOPT_USERAGENT, "tocsin/" TOCSIN_VERSION);
  set(easy_, CURLOPT_BUFFERSIZE, kBufferBytes);
  set(easy_, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  set(easy_, CURLOPT_FRESH_CONNECT, 1L);
  set(easy_, CURLOPT_FORBID_REUSE, 1L);
  set(easy_, CURLOPT_MAXAGE_CONN, kOldestIdleSeconds);
  set(easy_, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set(easy_, CURLOPT_CAINFO, nullptr);
  set(easy_, CURLOPT_CAPATH, nullptr);
  set(easy_, CURLOPT_SSL_CTX_FUNCTION, &Glue::on_tls);
  set(easy_, CURLOPT_SSL_CTX_DATA, this);
  set(easy_, CURLOPT_OPENSOCKETFUNCTION, &Glue::open_socket);
  set(easy_, CURLOPT_OPENSOCKETDATA, this);
  set(easy_, CURLOPT_WRITEFUNCTION, &Glue::on_body);
  set(easy_, CURLOPT_WRITEDATA, this);
  set(easy_, CURLOPT_HEADERFUNCTION, &Glue::on_header);
  set(easy_, CURLOPT_HEADERDATA, this);
  set(easy_, CURLOPT_ERRORBUFFER, error_.data());
}

bool CurlTransfer::prepare(Exchange& to) {
  exchange = &to;
  tls_.loop = loop;
  tls_.exchange = &to;
  const HttpRequest& request = to.request;
  begun_ = std::chrono::steady_clock::now();
  const auto left = std::chrono::duration_cast<Millis>(request.deadline - begun_);
  set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<Millis::rep>(left.count(), 1)));
  if (curl_easy_setopt(easy_, CURLOPT_URL, request.url.c_str()) != CURLE_OK) return false;
  if (!prepare_headers(request)) return false;
  if (!to.connect_to.empty()) {
    connect_to_.reset(curl_slist_append(nullptr, to.connect_to.c_str()));
    if (!connect_to_) return false;
    set(easy_, CURLOPT_CONNECT_TO, connect_to_.get());
  }
  if (to.connect_limit > Millis::zero() || left > kLibcurlConnectLimit) {
    const Millis limit = to.connect_limit > Millis::zero() ? to.connect_limit : left;
    set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limit.count()));
  }
  special_ = is_special(request);
  if (special_) prepare_special(request);
  return true;
}

bool CurlTransfer::is_special(const HttpRequest& request) noexcept {
  return !request.fresh_connection || !request.proxy.empty() || !request.unix_socket.empty() ||
         !request.body.empty() || request.method != "GET" || request.decompress ||
         request.cookies != nullptr || request.version != HttpVersion::http1 ||
         request.url.starts_with("https") || !request.verify;
}

bool CurlTransfer::prepare_headers(const HttpRequest& request) {
  const auto append = [this](const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) return false;
    static_cast<void>(headers_.release());
    headers_.reset(longer);
    return true;
  };
  bool has_type = false;
  for (const auto& [name, value] : request.headers) {
    has_type = has_type || curl_strequal(name.c_str(), "Content-Type") != 0;
    // libcurl takes "Name:" as "leave it out", and "Name;" as "with an empty value".
    if (!append(value.empty() ? name + ";" : name + ": " + value)) return false;
  }
  // libcurl would call any body a form.
  if (!request.body.empty() && !has_type && !append("Content-Type:")) return false;
  if (request.body.size() > kExpectBytes && !append("Expect:")) return false;
  set(easy_, CURLOPT_HTTPHEADER, headers_.get());
  return true;
}

// The handle is reset afterwards.
void CurlTransfer::prepare_special(const HttpRequest& request) {
  set(easy_, CURLOPT_TCP_NODELAY, 1L);
  if (!request.fresh_connection) {
    set(easy_, CURLOPT_FRESH_CONNECT, 0L);
    set(easy_, CURLOPT_FORBID_REUSE, 0L);
  }
  // The version is known of every answer, but only these are asked for.
  if (request.version == HttpVersion::any) {
    set(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
  } else if (request.version == HttpVersion::http2) {
    set(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
  }
  if (request.decompress) set(easy_, CURLOPT_ACCEPT_ENCODING, "gzip, deflate, br");
  if (request.cookies != nullptr) prepare_cookies(*request.cookies);
  prepare_route(request);
  prepare_tls(request);
  prepare_method(request);
}

void CurlTransfer::prepare_route(const HttpRequest& request) {
  if (!request.unix_socket.empty()) {
    set(easy_, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  }
  if (exchange->proxy.empty()) return;
  set(easy_, CURLOPT_PROXY, exchange->proxy.c_str());
  set(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!exchange->proxy.starts_with("https:")) return;
  // Its name has given way to its address: CurlTls looks at the name.
  set(easy_, CURLOPT_PROXY_SSL_VERIFYHOST, 0L);
  set(easy_, CURLOPT_PROXY_SSL_VERIFYPEER, request.verify ? 1L : 0L);
  set(easy_, CURLOPT_PROXY_CAINFO, nullptr);
  set(easy_, CURLOPT_PROXY_CAPATH, nullptr);
}

void CurlTransfer::prepare_tls(const HttpRequest& request) {
  if (!request.verify) set(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
  if (!request.verify || !request.server_name.empty()) set(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
  if (request.least_tls == 12) set(easy_, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (request.least_tls == 13) set(easy_, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_3);
  if (!request.client_certificate.empty()) {
    set(easy_, CURLOPT_SSLCERT, request.client_certificate.c_str());
    if (!request.client_key.empty()) set(easy_, CURLOPT_SSLKEY, request.client_key.c_str());
    // An encrypted one is refused, where OpenSSL would ask at a terminal.
    set(easy_, CURLOPT_KEYPASSWD, "");
  }
  if (request.fresh_connection) return;
  // So that no request is given a connection that other issuers vouched for, or for another name:
  // libcurl knows the file of issuers for one that tells connections apart, and CurlTls the rest.
  if (!request.ca_file.empty()) set(easy_, CURLOPT_CAINFO, request.ca_file.c_str());
  if (!request.server_name.empty() || !request.crl_file.empty()) {
    set(easy_, CURLOPT_FRESH_CONNECT, 1L);
    set(easy_, CURLOPT_FORBID_REUSE, 1L);
  }
}

void CurlTransfer::prepare_cookies(const std::vector<std::string>& cookies) {
  set(easy_, CURLOPT_COOKIEFILE, "");  // turns libcurl's keeping of them on
  for (const std::string& cookie : cookies) set(easy_, CURLOPT_COOKIELIST, cookie.c_str());
}

void CurlTransfer::prepare_method(const HttpRequest& request) {
  if (!request.body.empty()) {
    set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(easy_, CURLOPT_POSTFIELDS, request.body.data());
  } else if (request.method == "HEAD") {
    set(easy_, CURLOPT_NOBODY, 1L);
    return;
  } else if (request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    // With "Content-Length: 0", which such a method needs.
    set(easy_, CURLOPT_POSTFIELDS, "");
    set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{0});
  }
  if (request.method != "GET" || !request.body.empty()) {
    set(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void CurlTransfer::collect(int code) {
  HttpResponse& response = exchange->response;
  exchange->code = stopped_ ? CURLE_OK : code;
  // libcurl is content with headers that just end.
  if (exchange->code == CURLE_OK && in_headers_) exchange->code = CURLE_PARTIAL_FILE;
  response.status = static_cast<int>(number_of(easy_, CURLINFO_RESPONSE_CODE));
  exchange->proxy_status = static_cast<int>(number_of(easy_, CURLINFO_HTTP_CONNECTCODE));
  exchange->proxy_error = static_cast<int>(number_of(easy_, CURLINFO_PROXY_ERROR));
  exchange->secured = tls_.handshakes > 0;
  const bool asked = number_of(easy_, CURLINFO_REQUEST_SIZE) > 0;
  // What a proxy was asked for a tunnel is not sent to the target.
  const bool tunnel_only =
      !exchange->proxy.empty() && !exchange->secured && exchange->request.url.starts_with("https");
  response.sent = response.status != 0 || (asked && !tunnel_only);
  exchange->connected = response.sent || asked || exchange->secured ||
                        time_of(easy_, CURLINFO_CONNECT_TIME_T) > Micros::zero() ||
                        (!exchange->proxy.empty() && number_of(easy_, CURLINFO_LOCAL_PORT) > 0);
  response.version = version_of(number_of(easy_, CURLINFO_HTTP_VERSION));
  if (exchange->request.cookies != nullptr) collect_cookies(*exchange->request.cookies);
  collect_phases();
  if (exchange->code == CURLE_OK) {
    char* location = nullptr;
    if (response.status / 100 == 3) curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &location);
    if (location != nullptr) response.location = location;
    return;
  }
  exchange->os_error =
      own_error != 0 ? own_error : static_cast<int>(number_of(easy_, CURLINFO_OS_ERRNO));
  exchange->detail = error_.data();
}

void CurlTransfer::collect_cookies(std::vector<std::string>& into) {
  curl_slist* all = nullptr;
  if (curl_easy_getinfo(easy_, CURLINFO_COOKIELIST, &all) != CURLE_OK) return;
  const List owner(all);
  into.clear();
  for (const curl_slist* one = all; one != nullptr; one = one->next) into.emplace_back(one->data);
}

// libcurl's times all count from the transfer's start; each phase here is that part alone. When a
// TLS handshake fails, libcurl 7.88 has forgotten when the connection stood: we have not.
void CurlTransfer::collect_phases() {
  Phases& phases = exchange->response.phases;
  const Micros total = time_of(easy_, CURLINFO_TOTAL_TIME_T);
  const Micros ready = time_of(easy_, CURLINFO_NAMELOOKUP_TIME_T);
  const Micros first = time_of(easy_, CURLINFO_STARTTRANSFER_TIME_T);
  const Micros secured = time_of(easy_, CURLINFO_APPCONNECT_TIME_T);
  Micros connected = time_of(easy_, CURLINFO_CONNECT_TIME_T);
  if (!exchange->connected) return phases.add(Phase::connect, total - ready);
  if (connected == Micros::zero() && exchange->secured) {
    connected = micros_between(begun_, tls_.begun);
  }
  // A connection that was kept costs no time to connect.
  if (number_of(easy_, CURLINFO_NUM_CONNECTS) > 0 || exchange->secured) {
    phases.add(Phase::connect, connected - ready);
    if (secured > Micros::zero()) phases.add(Phase::tls, secured - connected);
  }
  if (!exchange->response.sent) return phases.add(Phase::tls, total - connected);
  const Micros asked = std::max(connected, secured);
  if (first > Micros::zero()) {
    phases.add(Phase::first_byte, first - asked);
    phases.add(Phase::transfer, total - first);
  } else {
    phases.add(Phase::first_byte, total - asked);  // waited for in vain
  }
}

void CurlTransfer::clear() {
  // Its lists go: it must not point to them any more.
  if (special_) {
    // A reset leaves cookies where they are, to be sent with whatever comes next.
    if (exchange->request.cookies != nullptr) set(easy_, CURLOPT_COOKIEFILE, nullptr);
    curl_easy_reset(easy_);
    configure();
  } else {
    set(easy_, CURLOPT_HTTPHEADER, nullptr);
    set(easy_, CURLOPT_CONNECT_TO, nullptr);
    set(easy_, CURLOPT_CONNECTTIMEOUT_MS, 0L);
  }
  headers_.reset();
  connect_to_.reset();
  exchange = nullptr;
  own_error = 0;
  special_ = false;
  stopped_ = false;
  packed_ = false;
  in_headers_ = true;
  header_bytes_ = 0;
  tls_ = {};
  error_[0] = '\0';
}

}  // namespace tocsin
