// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// domain: when does a domain's registration end, and what state is it in? By RDAP; see
// domain_registry.h for how seldom that is asked. A registry that does not answer says nothing
// about the domain, so that is `unknown`.
#include <asio/this_coro.hpp>
#include <utility>

#include "net/errno_text.h"
#include "probe/domain_judge.h"
#include "probe/domain_registry.h"
#include "probe/domain_settings.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/types.h"
#include "util/duration.h"

namespace tocsin {
namespace {

class DomainProber final : public Prober {
 public:
  explicit DomainProber(DomainSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  void judge(Result& result, const DomainRegistry::Known& known, WallTime now) const;

  const DomainSettings settings_;
};

asio::awaitable<Result> DomainProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  const asio::any_io_executor loop = co_await asio::this_coro::executor;
  auto& registry = asio::use_service<DomainRegistry>(loop.context());
  Result result;
  result.verdict = Verdict::up;
  const DomainRegistry::Known known = co_await registry.look_up(context, settings_, result);
  result.took = micros_between(begun, context.clock.steady());
  judge(result, known, context.clock.wall());
  if (context.explain && known.trouble.empty()) {
    result.notes.push_back("answered by: " + known.server + ", " + human_duration(known.age) +
                           " ago");
    if (!known.not_renewed.empty()) result.notes.push_back("not renewed: " + known.not_renewed);
    explain_domain(result, known.domain);
  }
  co_return result;
}

void DomainProber::judge(Result& result, const DomainRegistry::Known& known, WallTime now) const {
  if (!known.trouble.empty()) {
    result.verdict = settings_.unanswered;
    result.reason = "no answer about the registration: " + known.trouble;
  } else if (!known.registered) {
    set_down(result, with_address("not registered, says the registry", known.server));
  } else {
    judge_domain(result, settings_, known.domain, now);
    if (!result.reason.empty()) result.reason = with_address(result.reason, known.server);
  }
}

ParsedCheck parse(Settings& settings, Millis /*timeout*/) {
  DomainSettings parsed = parse_domain(settings);
  std::string target = parsed.name;
  return {std::make_shared<DomainProber>(std::move(parsed)), std::move(target)};
}

}  // namespace

const CheckType kDomainCheck{
    .name = "domain",
    .short_key = "name",
    .summary = "a domain's registration by RDAP: when it ends, its status, registrar, name servers",
    .parse = parse,
};

}  // namespace tocsin
