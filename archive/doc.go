// Package archive reads what central sites have archived, and replays it.
//
//	traces/aws/us-east-1/year=2026/month=11/day=22/hour=10/minute=04/site-0_traces_….binpb.zst
//	└ signal └ cloud └ region └ the minute in which it was archived
//
// [ParseKey] parses that layout, a [Selection] describes which part to read, and [List] finds it. [Payloads]
// reads the objects; a [Payload] is the OTLP data of one object, and [Tally] counts its items. [Replay] sends
// objects to a [Sender]; a [Checkpoint] records which of them have arrived.
//
// [Count] and [Replay] unpack one resource at a time, because anyone with write access to the bucket can store
// objects that unpack to gigabytes. OTLP is parsed only as deep as necessary: the three signals share the same
// outer layers, and spans, metrics and log records pass through unchanged, including fields unknown to this
// package.
//
// I/O is in separate packages that this one does not import: archive/bucket reads S3 buckets, and archive/otlp
// is an OTLP client.
package archive
