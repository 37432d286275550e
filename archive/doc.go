// Package archive reads what central sites wrote to their archive, and sends it again.
//
//	traces/aws/us-east-1/year=2026/month=11/day=22/hour=10/minute=04/site-0_traces_….binpb.zst
//	└ signal └ cloud └ region └ the minute in which it was archived
//
// [ParseKey] knows that layout, [Selection] which part of it is wanted, and [List] finds that part.
// [Payloads] reads it; a [Payload] is one object's OTLP, of which [Tally] counts the items.
// [Replay] sends a plan's objects to a [Sender], and a [Checkpoint] remembers which have arrived.
//
// [Count] and [Replay] unpack one resource at a time: whoever can write to the bucket can write what unpacks to gigabytes.
// OTLP is taken apart on the wire, no deeper than needed: the three signals have the same outer
// layers, and spans, metrics and log records pass through untouched, fields unknown here included.
//
// What does the input and output are neighbours: archive/bucket is an S3 bucket, archive/otlp a
// client for OTLP. This package knows neither.
package archive
