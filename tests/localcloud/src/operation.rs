//! The requests that a local cloud tells apart.

use std::fmt;
use std::str::FromStr;

macro_rules! operations {
    ($($(#[$about:meta])* $name:ident),+ $(,)?) => {
        /// An action of the credentials provider, of Roles Anywhere, of Jobs or of S3, by the name in its API.
        ///
        /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Operation {
            $($(#[$about])* $name),+
        }

        impl Operation {
            /// Every operation, in the order of their names.
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$name),+];

            /// The name in the API.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),+
                }
            }
        }
    };
}

operations! {
    /// Gives up a multipart upload.
    AbortMultipartUpload,
    /// Makes an object of uploaded parts.
    CompleteMultipartUpload,
    /// Makes a bucket.
    CreateBucket,
    /// Begins a multipart upload.
    CreateMultipartUpload,
    /// Hands out temporary credentials: the only action of Roles Anywhere that is here.
    CreateSession,
    /// Removes an object.
    DeleteObject,
    /// Tells of a job, or of the one that is next.
    DescribeJobExecution,
    /// Tells a bucket's region.
    GetBucketLocation,
    /// Hands out temporary credentials: the provider's only action.
    GetCredentials,
    /// Reads an object.
    GetObject,
    /// Tells who may use an object.
    GetObjectAcl,
    /// Tells whether an object is under legal hold.
    GetObjectLegalHold,
    /// Tells until when an object is locked.
    GetObjectRetention,
    /// Tells an object's tags.
    GetObjectTagging,
    /// Tells whether a bucket is there.
    HeadBucket,
    /// Tells all about an object but its bytes.
    HeadObject,
    /// Lists buckets.
    ListBuckets,
    /// Lists unfinished multipart uploads.
    ListMultipartUploads,
    /// Lists objects, in the older form.
    ListObjects,
    /// Lists objects.
    ListObjectsV2,
    /// Lists a multipart upload's parts.
    ListParts,
    /// Stores an object.
    PutObject,
    /// Begins the job that is next.
    StartNextPendingJobExecution,
    /// Says what becomes of a job.
    UpdateJobExecution,
    /// Takes in one part.
    UploadPart,
    /// Any request that is none of these.
    Unknown,
}

impl Operation {
    /// Whether S3 is asked for it.
    pub fn is_s3(self) -> bool {
        !matches!(self, Self::GetCredentials | Self::CreateSession) && !self.is_jobs()
    }

    /// Whether AWS IoT Jobs is asked for it.
    pub fn is_jobs(self) -> bool {
        matches!(
            self,
            Self::DescribeJobExecution
                | Self::StartNextPendingJobExecution
                | Self::UpdateJobExecution
        )
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Operation {
    type Err = ParseOperationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == text)
            .ok_or_else(|| ParseOperationError(text.to_owned()))
    }
}

/// Text that is not the name of an operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an operation of the stand-in: use one of {names}", names = names())]
pub struct ParseOperationError(String);

fn names() -> String {
    Operation::ALL.map(Operation::name).join(", ")
}
