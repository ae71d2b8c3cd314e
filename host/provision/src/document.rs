//! The policies, as they shall be.

use serde_json::{Value, json};

/// Where the account is (Amazon Resource Names, AWS General Reference).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) partition: String,
    pub(crate) region: String,
    pub(crate) account: String,
}

impl Place {
    pub(crate) fn role(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.partition, self.account)
    }

    pub(crate) fn iot(&self, resource: &str) -> String {
        let Self {
            partition,
            region,
            account,
        } = self;
        format!("arn:{partition}:iot:{region}:{account}:{resource}")
    }

    fn s3(&self, resource: &str) -> String {
        format!("arn:{}:s3:::{resource}", self.partition)
    }
}

/// Who may assume the role: the credentials provider alone.
pub(crate) fn trust() -> Value {
    policy(&json!([{
        "Effect": "Allow",
        "Principal": {"Service": "credentials.iot.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }]))
}

/// What the role may do: put objects, in parts too, below the prefix of the thing that asks ("Authorizing direct calls to AWS
/// services", AWS IoT developer guide, `credentials-iot:ThingName`).
pub(crate) fn permissions(place: &Place, bucket: &str) -> Value {
    let thing = "${credentials-iot:ThingName}";
    policy(&json!([
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
            "Resource": place.s3(&format!("{bucket}/{thing}/*")),
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucketMultipartUploads",
            "Resource": place.s3(bucket),
            "Condition": {"StringLike": {"s3:prefix": format!("{thing}/*")}},
        },
    ]))
}

/// What a certificate may do in AWS IoT: ask for the role's credentials, and take the jobs of its own thing.
pub(crate) fn iot(place: &Place, alias: &str) -> Value {
    policy(&json!([
        {
            "Effect": "Allow",
            "Action": "iot:AssumeRoleWithCertificate",
            "Resource": place.iot(&format!("rolealias/{alias}")),
        },
        {
            "Effect": "Allow",
            "Action": [
                "iotjobsdata:DescribeJobExecution",
                "iotjobsdata:StartNextPendingJobExecution",
                "iotjobsdata:UpdateJobExecution",
            ],
            "Resource": place.iot("thing/${iot:Certificate.Subject.CommonName}"),
        },
    ]))
}

/// Objects are encrypted, as S3 does by itself since 2023; said so that nobody has to know.
pub(crate) const ENCRYPTION: &str = "<ServerSideEncryptionConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
    <ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
    </Rule></ServerSideEncryptionConfiguration>";

/// Nothing of the bucket is public, whatever a policy or an access list says.
pub(crate) const NOT_PUBLIC: &str = "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
    <BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
    <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>\
    </PublicAccessBlockConfiguration>";

/// Parts of uploads that nobody goes on with are dropped after a week.
pub(crate) const LIFECYCLE: &str = "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
    <ID>abandoned-uploads</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>\
    <AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>\
    </Rule></LifecycleConfiguration>";

fn policy(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_may_do_nothing_outside_of_its_own_prefix() {
        let place = Place {
            partition: "aws-cn".to_owned(),
            region: "cn-north-1".to_owned(),
            account: "123456789012".to_owned(),
        };
        let granted = permissions(&place, "plant").to_string();
        assert!(granted.contains("arn:aws-cn:s3:::plant/${credentials-iot:ThingName}/*"));
        assert!(!granted.contains("s3:*") && !granted.contains(r#""Resource":"*""#));
        let iot = iot(&place, "uploads").to_string();
        assert!(iot.contains("arn:aws-cn:iot:cn-north-1:123456789012:rolealias/uploads"));
        assert!(!iot.contains("iot:*") && !iot.contains(r#""Resource":"*""#));
    }
}
