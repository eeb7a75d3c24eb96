//! Values to record: too many, and too irregular, for a branch predictor to learn.

use std::sync::OnceLock;

/// Buckets of every measured histogram, `+Inf` not counted.
pub const BUCKETS: usize = 14;
/// The first bound, in seconds.
pub const BUCKET_START: f64 = 0.0001;
/// From one bound to the next.
pub const BUCKET_FACTOR: f64 = 2.0;
/// Length of every input table; a power of two, so that an index is masked and not checked.
pub const INPUTS: usize = 8192;

/// A small generator (xorshift64*), so that the inputs are the same on every machine.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Starts a sequence; any seed but zero.
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Uniform in `0..bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// Uniform in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The bounds all histograms share: 0.1 ms to 0.8 s.
pub fn bucket_bounds() -> [f64; BUCKETS] {
    std::array::from_fn(|i| BUCKET_START * BUCKET_FACTOR.powi(i as i32))
}

/// Latencies in seconds, log-uniform from half the first bound to twice the last, so that every bucket is as likely
/// as any other.
pub fn observations() -> &'static [f64; INPUTS] {
    static VALUES: OnceLock<Box<[f64; INPUTS]>> = OnceLock::new();
    VALUES.get_or_init(|| {
        let mut rng = Rng::new(14);
        let octaves = (BUCKETS + 1) as f64;
        Box::new(std::array::from_fn(|_| BUCKET_START / 2.0 * BUCKET_FACTOR.powf(rng.unit() * octaves)))
    })
}

/// The same latencies in nanoseconds, for a library that records integers: it converts nothing in the loop.
pub fn nanos() -> &'static [u64; INPUTS] {
    static VALUES: OnceLock<Box<[u64; INPUTS]>> = OnceLock::new();
    VALUES.get_or_init(|| Box::new(observations().map(|seconds| (seconds * 1e9) as u64)))
}

/// What one event of a stream brings to record.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Payload size.
    pub bytes: u64,
    /// Seconds in the pipeline.
    pub latency: f64,
    /// Seconds since the commit at the source.
    pub lag: f64,
}

/// Events to record, for the rows that record several metrics an event.
pub fn samples() -> &'static [Sample; INPUTS] {
    static VALUES: OnceLock<Box<[Sample; INPUTS]>> = OnceLock::new();
    VALUES.get_or_init(|| {
        let mut rng = Rng::new(77);
        let latencies = observations();
        Box::new(std::array::from_fn(|_| Sample {
            bytes: 40 + rng.below(4000),
            latency: latencies[rng.below(INPUTS as u64) as usize],
            lag: latencies[rng.below(INPUTS as u64) as usize],
        }))
    })
}
