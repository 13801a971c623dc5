// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// certificate: looks at what a server presents in a TLS handshake, or at a PEM file. The handshake
// takes whatever comes, and all of the judging is done afterwards: a refused certificate would end
// it at the first thing that is wrong.
#include <asio/this_coro.hpp>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include "net/errno_text.h"
#include "net/tls_contexts.h"
#include "net/workers.h"
#include "probe/certificate_judge.h"
#include "probe/certificate_settings.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/types.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostOfFile = 1 << 20;

// A file as a worker has read it.
struct FileRead {
  std::string text;
  int error = 0;
};

FileRead read_whole(const std::string& path) {
  FileRead out;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             std::fclose);
  if (!file) {
    out.error = errno;
    return out;
  }
  out.text.resize(kMostOfFile);
  out.text.resize(std::fread(out.text.data(), 1, out.text.size(), file.get()));
  if (std::ferror(file.get()) != 0) out.error = errno;
  return out;
}

class CertificateProber final : public Prober {
 public:
  explicit CertificateProber(CertificateSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  // What came of looking; where it failed, the result says so already.
  asio::awaitable<Presented> look_at_server(ProbeContext& context, Result& result) const;
  asio::awaitable<Presented> be_shown(ProbeContext& context, Result& result) const;
  asio::awaitable<StreamStatus> shake_hands(Stream& stream, std::uint16_t most_tls,
                                            SteadyTime deadline,
                                            std::vector<std::string>* notes) const;
  asio::awaitable<std::string> look_for_old_tls(ProbeContext& context) const;
  asio::awaitable<Presented> look_at_file(ProbeContext& context, Result& result) const;
  asio::awaitable<FileRead> read(ProbeContext& context, std::string path, Result& result) const;
  void judge_key(Result& result, const std::string& key, const std::string& der) const;

  const CertificateSettings settings_;
};

asio::awaitable<Result> CertificateProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  const asio::any_io_executor loop = co_await asio::this_coro::executor;
  Result result;
  result.verdict = Verdict::up;
  std::shared_ptr<ssl_ctx_st> issuers;
  try {
    auto& contexts = asio::use_service<TlsContexts>(loop.context());
    if (settings_.verify) issuers = contexts.get(settings_.ca_file);
  } catch (const std::exception& error) {
    set_failure(result, NetError::out_of_resources, error.what());
    co_return result;
  }
  Presented presented;
  if (settings_.is_local()) {
    presented = co_await look_at_file(context, result);
  } else {
    presented = co_await look_at_server(context, result);
  }
  result.took = micros_between(begun, context.clock.steady());
  if (!presented.chain.empty() && result.verdict == Verdict::up) {
    judge_certificates(result, settings_, presented, issuers.get(), context.clock.wall());
    judge_response_time(result, settings_.expect.response_time);
  }
  if (context.explain) {
    explain_certificates(result, presented, context.clock.wall());
  } else {
    result.notes.clear();
  }
  co_return result;
}

// --- a server
// ---------------------------------------------------------------------------------------

asio::awaitable<StreamStatus> CertificateProber::shake_hands(
    Stream& stream, std::uint16_t most_tls, SteadyTime deadline,
    std::vector<std::string>* notes) const {
  TlsSettings tls;
  tls.server_name = settings_.server_name;
  tls.ca_file = settings_.verify ? settings_.ca_file : std::string();
  tls.examine = true;
  tls.most_tls = most_tls;
  StreamStatus status = co_await stream.connect(settings_.target, deadline);
  if (!status) co_return status;
  if (settings_.starttls) {
    co_return co_await start_tls_as(*settings_.starttls, stream, tls, deadline, notes);
  }
  co_return co_await stream.start_tls(tls, deadline);
}

asio::awaitable<Presented> CertificateProber::look_at_server(ProbeContext& context,
                                                             Result& result) const {
  Presented out = co_await be_shown(context, result);
  if (out.chain.empty() && result.verdict == Verdict::up) {
    set_down(result, with_address("no certificate was presented", result.address));
  }
  if (result.verdict == Verdict::up) out.accepts_old = co_await look_for_old_tls(context);
  co_return out;
}

// The connection ends with this: some servers serve one at a time.
asio::awaitable<Presented> CertificateProber::be_shown(ProbeContext& context,
                                                       Result& result) const {
  Presented out;
  Stream stream(context.resolver, result.phases);
  auto* notes = context.explain ? &result.notes : nullptr;
  const StreamStatus status = co_await shake_hands(stream, 0, context.deadline, notes);
  result.address = stream.address();
  out.chain = stream.peer().chain;
  out.ocsp = stream.peer().ocsp;
  out.tls_version = stream.tls_version();
  // Without a certificate of ours it may have ended the handshake; its own was shown before that.
  const bool only_wants_ours =
      status.error == NetError::tls && !out.chain.empty() && stream.peer().wants_client_certificate;
  if (only_wants_ours) result.notes.push_back("handshake: " + status.text);
  if (!status && !only_wants_ours) set_failure(result, status.error, status.text);
  co_return out;
}

// The old version that it takes; empty if it takes none, or none was asked about.
asio::awaitable<std::string> CertificateProber::look_for_old_tls(ProbeContext& context) const {
  if (settings_.expect.least_tls == 0) co_return std::string();
  Phases not_told;
  Stream stream(context.resolver, not_told);
  const auto older = static_cast<std::uint16_t>(settings_.expect.least_tls - 1);
  const StreamStatus status = co_await shake_hands(stream, older, context.deadline, nullptr);
  if (!status) co_return std::string();
  const std::string version = stream.tls_version();
  co_return version.substr(0, version.find(' '));
}

// --- a file
// -----------------------------------------------------------------------------------------

asio::awaitable<FileRead> CertificateProber::read(ProbeContext& context, std::string path,
                                                  Result& result) const {
  const auto found = std::make_shared<FileRead>();
  const std::function<void()> job = [found, path] { *found = read_whole(path); };
  const Worked worked = co_await context.workers.run(context.check, job, context.deadline);
  if (worked != Worked::done) {
    const char* const why = worked == Worked::no_worker ? "no thread was free to read it"
                                                        : "it could not be read in time";
    set_failure(result, NetError::out_of_resources, with_address(why, path));
    co_return FileRead{};
  }
  if (found->error != 0) {
    const std::string why = std::generic_category().message(found->error);
    const bool missing = found->error == ENOENT || found->error == ENOTDIR;
    set_failure(result, missing ? NetError::other : NetError::out_of_resources,
                with_address(why, path));
  }
  co_return std::move(*found);
}

asio::awaitable<Presented> CertificateProber::look_at_file(ProbeContext& context,
                                                           Result& result) const {
  Presented out;
  result.address = settings_.file;
  const FileRead file = co_await read(context, settings_.file, result);
  if (result.verdict != Verdict::up) co_return out;
  out.chain = pem_certificates(file.text);
  if (out.chain.empty()) {
    set_down(result, with_address("no certificate in PEM is in it", settings_.file));
    co_return out;
  }
  if (settings_.key.empty()) co_return out;
  const FileRead key = co_await read(context, settings_.key, result);
  if (result.verdict == Verdict::up) judge_key(result, key.text, out.chain.front());
  co_return out;
}

void CertificateProber::judge_key(Result& result, const std::string& key,
                                  const std::string& der) const {
  switch (match_key(key, der)) {
    case KeyMatch::matches: break;
    case KeyMatch::differs:
      set_down(result, with_address("the key does not belong to the certificate", settings_.key));
      break;
    case KeyMatch::encrypted:
      set_failure(result, NetError::out_of_resources,
                  with_address("the key is encrypted: it cannot be compared", settings_.key));
      break;
    case KeyMatch::unreadable:
      set_down(result, with_address("no private key in PEM is in it", settings_.key));
      break;
  }
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  CertificateSettings parsed = parse_certificate_check(settings, timeout);
  std::string target = parsed.is_local() ? parsed.file : show(parsed.target);
  return {std::make_shared<CertificateProber>(std::move(parsed)), std::move(target)};
}

}  // namespace

const CheckType kCertificateCheck{
    .name = "certificate",
    .short_key = "address",
    .summary =
        "what a TLS or STARTTLS server presents, or a PEM file: dates, chain, name, strength",
    .parse = parse,
};

}  // namespace tocsin
