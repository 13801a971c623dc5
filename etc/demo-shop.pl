#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The demo's web shop: answers every request on 127.0.0.1:PORT with "open". Needs only perl-base.
use strict;
use warnings;
use IO::Socket::INET;

my $port = shift or die "usage: demo-shop.pl PORT\n";
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 16, ReuseAddr => 1)
  or die "the demo's shop cannot have port $port: $@\n";
while (my $client = $listener->accept) {
    my $line = <$client>;
    while (defined $line && $line !~ /^\r?\n$/) { $line = <$client>; }
    print $client "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nopen\n";
    close $client;
}
