// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Registries limit how often they may be asked, and what they know changes a few times a year: so
// an answer is kept for hours, a failure for minutes, and one that says "Retry-After" is left alone
// for all domains that it serves. An answer that cannot be renewed goes on being used for days: the
// date in it holds, whatever became of the server.
//
// Which server to ask stands in IANA's file (RFC 9224), fetched once a day by whoever needs it
// first; the others wait for it.
#include "probe/domain_registry.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "net/errno_text.h"
#include "net/http_target.h"
#include "net/workers.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Millis kBootstrapLasts = hours{24};
constexpr Millis kAnswerLasts = hours{72};        // where it cannot be renewed
constexpr Millis kAskMissingAgain = minutes{30};  // a domain that is not registered
constexpr Millis kAskFailedAgain = minutes{5};
constexpr Millis kLongestWait = hours{24};
constexpr int kMostRedirects = 5;
constexpr std::size_t kMostBody = 512 * 1024;
constexpr std::size_t kMostBootstrap = 4 << 20;

// RFC 9110 section 10.2.3; a date, which few send, is taken for an hour.
Millis wait_of(const HttpResponse& response) {
  const std::string_view text = trim(header(response, "Retry-After"));
  if (text.empty()) return kAskFailedAgain;
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool number = parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
  if (!number || seconds < 0) return hours{1};
  return std::min<Millis>(kLongestWait,
                          std::chrono::seconds{std::min<std::int64_t>(seconds, 1 << 20)});
}

bool is_busy(int status) noexcept {
  return status == 429 || status == 503;
}

std::string server_of(const std::string& url) {
  const auto target = http_target(url);
  return target ? printable(target->host, 100) : std::string("an address that is no URL");
}

// From https nowhere else: what says when a domain ends must come from whom we asked.
bool may_follow(const std::string& from, const std::string& to) {
  const auto before = http_target(from);
  const auto after = http_target(to);
  return before && after && (after->https || !before->https);
}

std::string read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             std::fclose);
  if (!file) throw std::runtime_error(std::generic_category().message(errno));
  std::string out(kMostBootstrap, '\0');
  out.resize(std::fread(out.data(), 1, out.size(), file.get()));
  return out;
}

// What a worker made of the file.
struct FileRead {
  RdapBootstrap servers;
  std::string trouble;
};

}  // namespace

asio::execution_context::id DomainRegistry::id;

// What one address answered, redirects followed.
struct DomainRegistry::Fetched {
  std::string trouble;  // why there is no answer; empty: there is one
  int status = 0;
  std::string body;
  std::string server;
  Millis wait{kAskFailedAgain};  // before it may be asked again, if it was no answer
};

// --- HTTP
// -------------------------------------------------------------------------------------------

asio::awaitable<DomainRegistry::Fetched> DomainRegistry::fetch(ProbeContext& context,
                                                               std::string url,
                                                               const DomainSettings& settings,
                                                               Result& result) {
  Fetched out;
  HttpRequest request;
  request.url = std::move(url);
  request.headers = {{"Accept", "application/rdap+json, application/json"}};
  request.deadline = context.deadline;
  request.body_limit = kMostBootstrap;
  request.want_headers = true;
  request.proxy = settings.proxy.value();
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    const HttpResponse response = co_await context.http.perform(request);
    out.server = server_of(request.url);
    out.status = response.status;
    result.address = response.address;
    result.phases = response.phases;
    if (response.error != NetError::none) {
      out.trouble = out.server + ": " + response.error_text;
      co_return out;
    }
    if (response.location.empty()) {
      out.wait = wait_of(response);
      out.body = response.body;
      if (response.body_cut) out.trouble = out.server + ": its answer is too long";
      co_return out;
    }
    if (!may_follow(request.url, response.location)) {
      out.trouble = out.server + ": a redirect that leads away from https, or nowhere";
      co_return out;
    }
    request.url = response.location;
  }
  out.trouble = out.server + ": more than " + std::to_string(kMostRedirects) + " redirects";
  co_return out;
}

// --- which server
// -----------------------------------------------------------------------------------

asio::awaitable<void> DomainRegistry::load_bootstrap(ProbeContext& context,
                                                     const DomainSettings& settings,
                                                     Bootstrap& bootstrap) {
  std::string trouble;
  if (settings.bootstrap_file.empty()) {
    Result not_told;
    const Fetched fetched = co_await fetch(context, settings.bootstrap.value(), settings, not_told);
    trouble = fetched.trouble;
    if (trouble.empty() && fetched.status != 200) {
      trouble = fetched.server + ": status " + std::to_string(fetched.status);
    }
    try {
      if (trouble.empty()) bootstrap.servers = parse_rdap_bootstrap(fetched.body);
    } catch (const std::exception& error) {
      trouble = fetched.server + ": " + error.what();
    }
  } else {
    const auto found = std::make_shared<FileRead>();
    const std::function<void()> job = [found, path = settings.bootstrap_file] {
      try {
        found->servers = parse_rdap_bootstrap(read_file(path));
      } catch (const std::exception& error) {
        found->trouble = error.what();
      }
    };
    const Worked worked = co_await context.workers.run(context.check, job, context.deadline);
    trouble = worked == Worked::done ? found->trouble : "it could not be read in time";
    if (trouble.empty()) bootstrap.servers = std::move(found->servers);
    if (!trouble.empty()) trouble = with_address(trouble, settings.bootstrap_file);
  }
  bootstrap.trouble = trouble;
  (trouble.empty() ? bootstrap.at : bootstrap.not_before) = context.clock.steady();
  if (!trouble.empty()) bootstrap.not_before += kAskFailedAgain;
}

// Empty if there is none; `trouble` says why.
asio::awaitable<std::string> DomainRegistry::find_server(ProbeContext& context,
                                                         const DomainSettings& settings,
                                                         std::string& trouble) {
  if (!settings.rdap.empty()) co_return settings.rdap.value();
  const bool local = !settings.bootstrap_file.empty();
  Bootstrap& bootstrap = bootstraps_[local ? settings.bootstrap_file : settings.bootstrap.value()];
  const auto is_due = [&] {
    const SteadyTime now = context.clock.steady();
    const bool fresh = !bootstrap.servers.empty() && now < bootstrap.at + kBootstrapLasts;
    return !fresh && now >= bootstrap.not_before;
  };
  if (is_due() && co_await bootstrap.loading.enter(context.deadline)) {
    co_await load_bootstrap(context, settings, bootstrap);
    bootstrap.loading.leave();
  }
  if (bootstrap.servers.empty()) {
    trouble = "no list of RDAP servers: " +
              (bootstrap.trouble.empty() ? "it has not come yet" : bootstrap.trouble);
    co_return std::string();
  }
  const std::string server = rdap_server(bootstrap.servers, settings.name);
  if (server.empty()) {
    trouble = "no RDAP server is known for ." + settings.name.substr(settings.name.rfind('.') + 1) +
              "; if there is one, name it by 'rdap'";
  }
  co_return server;
}

// --- a domain
// ---------------------------------------------------------------------------------------

void DomainRegistry::take(const Fetched& fetched, const DomainSettings& settings, SteadyTime now,
                          Answer& answer) {
  answer.trouble = fetched.trouble;
  answer.not_before = now + fetched.wait;
  if (!fetched.trouble.empty()) return;
  const std::string who = fetched.server + ": ";
  if (is_busy(fetched.status)) {
    answer.trouble = who + "it asks to wait for " + human_duration(fetched.wait) + " (status " +
                     std::to_string(fetched.status) + ")";
    return;
  }
  RdapDomain domain;
  if (fetched.status == 200) {
    if (fetched.body.size() <= kMostBody) {
      domain = parse_rdap_domain(fetched.body, settings.name);
    } else {
      domain.problem = "its answer is too long";
    }
    if (!domain.problem.empty()) answer.trouble = who + domain.problem;
  } else if (fetched.status != 404) {
    answer.trouble = who + "status " + std::to_string(fetched.status);
  }
  if (!answer.trouble.empty()) return;
  answer.there = true;
  answer.registered = fetched.status == 200;
  answer.domain = std::move(domain);
  answer.server = fetched.server;
  answer.at = now;
  answer.not_before = now + (answer.registered ? settings.ask_every : kAskMissingAgain);
}

asio::awaitable<void> DomainRegistry::renew(ProbeContext& context, const DomainSettings& settings,
                                            Answer& answer, Result& result) {
  const SteadyTime now = context.clock.steady();
  std::string trouble;
  std::string url = co_await find_server(context, settings, trouble);
  if (url.empty()) {
    answer.trouble = trouble;
    co_return;
  }
  const std::string server = server_of(url);
  const auto busy = busy_until_.find(server);
  if (busy != busy_until_.end() && now < busy->second) {
    const auto left = std::chrono::ceil<Millis>(busy->second - now);
    answer.trouble = server + ": it asked to wait, " + human_duration(left) + " are left";
    co_return;
  }
  // RFC 9082 section 3.1.3.
  url += (url.ends_with('/') ? "domain/" : "/domain/") + settings.name;
  if (context.explain) result.notes.push_back("asked: " + server + " for " + settings.name);
  const Fetched fetched = co_await fetch(context, std::move(url), settings, result);
  take(fetched, settings, context.clock.steady(), answer);
  if (is_busy(fetched.status)) busy_until_[server] = answer.not_before;
}

asio::awaitable<DomainRegistry::Known> DomainRegistry::look_up(ProbeContext& context,
                                                               const DomainSettings& settings,
                                                               Result& result) {
  const bool local = !settings.bootstrap_file.empty();
  const std::string& source = !settings.rdap.empty() ? settings.rdap.value()
                              : local                ? settings.bootstrap_file
                                                     : settings.bootstrap.value();
  Answer& answer = answers_[settings.name + ' ' + source];
  if (context.clock.steady() >= answer.not_before &&
      co_await answer.asking.enter(context.deadline)) {
    co_await renew(context, settings, answer, result);
    answer.asking.leave();
  }
  Known out;
  out.age = std::chrono::duration_cast<Millis>(context.clock.steady() - answer.at);
  if (!answer.there || out.age > kAnswerLasts + settings.ask_every) {
    out.trouble = answer.trouble.empty() ? "it has not come yet" : answer.trouble;
    co_return out;
  }
  out.registered = answer.registered;
  out.domain = answer.domain;
  out.server = answer.server;
  out.not_renewed = answer.trouble;
  co_return out;
}

}  // namespace tocsin
